package main_test

import (
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// TestNoLeaks drives the real program through every path that touches a
// credential, failures first, at debug level and with tracing on, and then
// looks for any 16 bytes of any token, code or secret of the simulated cloud in
// everything it left behind: output, traces, answers, tables, queues, blobs.
// The vault is where tokens belong and is not searched.
func TestNoLeaks(t *testing.T) {
	t.Parallel()
	h := newHunt(t)
	h.run()
	t.Run("strangers", h.strangers)
	t.Run("sign-ins that fail", h.badSignIns)
	t.Run("a sign-in that works, and its replay", h.signIn)
	t.Run("rotations that fail", h.badRotations)
	t.Run("a crash in the middle of a sweep", h.crash)
	t.Run("the sweep goes on through refusals", h.badSweep)
	t.Run("messages nobody can read", h.badMessages)
	t.Run("a revoked grant", h.revoked)
	h.stop(syscall.SIGTERM)
	t.Run("nothing is left behind", h.search)
	t.Run("the hunter finds what is planted", h.plant)
}

// strangers knock on every door with a credential in hand.
func (h *hunt) strangers(t *testing.T) {
	h.with(t, func() {
		if status, _, _ := h.ask(http.MethodGet, consentPath, "", ""); status < http.StatusInternalServerError {
			t.Errorf("a sign-in began without an identity: HTTP %d", status)
		}
	}, faults.Fault{Host: "identity", Kind: faults.Status, Status: 500})
	for _, row := range []struct{ method, path, kind, body string }{
		{"GET", callbackPath + "?code=" + h.canary + "&state=x", "", ""},
		{"POST", callbackPath, formType, "code=" + h.canary + "&state=" + h.canary + "&session_state=" + h.canary},
		{"POST", callbackPath, formType, "error=server_error&error_description=" + h.canary + "&state=" + h.canary},
		{"POST", callbackPath, formType, "code=" + h.canary + strings.Repeat("a", 70<<10)},
		{"POST", callbackPath, "application/json", `{"code":"` + h.canary + `"}`},
		{"POST", callbackPath, formType, "code=%zz" + h.canary},
		{"GET", consentPath + "?tenant=" + h.canary, "", ""},
		{"GET", "/api/status?code=" + h.canary, "", ""},
		{"GET", "/api/health?code=" + h.canary, "", ""},
		{"GET", "/api/unknown?code=" + h.canary, "", ""},
		{"PUT", "/api/status?code=" + h.canary, "", ""},
	} {
		if status, _, _ := h.ask(row.method, row.path, row.kind, row.body); status == 0 {
			t.Errorf("%s %.30s: no answer", row.method, row.path)
		}
	}
}

func (h *hunt) badSignIns(t *testing.T) {
	for name, row := range map[string]struct {
		who    simtest.Person
		tamper func(form url.Values, cookie *http.Cookie)
		fault  faults.Fault
	}{
		"cancelled":             {who: simtest.Person{Cancel: true}},
		"without MFA":           {who: simtest.Person{SkipMFA: true}},
		"state of another":      {tamper: func(form url.Values, _ *http.Cookie) { form.Set("state", form.Get("state")[:20]+"AAAA") }},
		"cookie of another":     {tamper: func(_ url.Values, c *http.Cookie) { c.Value = c.Value[:30] + "AAAA" + c.Value[34:] }},
		"code of nobody":        {tamper: func(form url.Values, _ *http.Cookie) { form.Set("code", h.canary) }},
		"code cut short":        {tamper: func(form url.Values, _ *http.Cookie) { form.Set("code", form.Get("code")[:40]) }},
		"code and an error":     {tamper: func(form url.Values, _ *http.Cookie) { form.Set("error", "access_denied") }},
		"login breaks in HTML":  {fault: faults.Fault{Host: "login", Path: "/token", Kind: faults.Status, Status: 500, Format: faults.HTML}},
		"login says nothing":    {fault: faults.Fault{Host: "login", Path: "/token", Kind: faults.Lost}},
		"vault down after code": {fault: faults.Fault{Host: "vault", Path: "/secrets/rt-", Method: http.MethodPut, Kind: faults.Drop}},
		"vault answer lost":     {fault: faults.Fault{Host: "vault", Path: "/secrets/rt-", Kind: faults.Lost}},
	} {
		t.Run(name, func(t *testing.T) {
			cookie, location := h.begin(t)
			form := h.sim.SignIn(t, location, row.who).Form
			if row.tamper != nil {
				row.tamper(form, cookie)
			}
			h.with(t, func() { h.deliver(t, form, cookie, false) }, row.fault)
		})
	}
}

func (h *hunt) signIn(t *testing.T) {
	cookie, location := h.begin(t)
	form := h.sim.SignIn(t, location, simtest.Person{}).Form
	h.deliver(t, form, cookie, true)
	h.deliver(t, form, cookie, false)
}

// badRotations: each step of a rotation fails once; then one goes well.
func (h *hunt) badRotations(t *testing.T) {
	for name, fault := range map[string]faults.Fault{
		"login breaks in HTML":    {Host: "login", Path: "/token", Kind: faults.Status, Status: 500, Format: faults.HTML},
		"login throttles":         {Host: "login", Path: "/token", Kind: faults.Status, Status: 429, RetryAfter: "5"},
		"login's answer is lost":  {Host: "login", Path: "/token", Kind: faults.Lost},
		"vault down after redeem": {Host: "vault", Path: "/secrets/rt-", Method: http.MethodPut, Kind: faults.Drop},
		"vault refuses the write": {Host: "vault", Path: "/secrets/rt-", Method: http.MethodPut, Kind: faults.Status, Status: 403},
		"vault cannot be read":    {Host: "vault", Path: "/secrets/rt-", Method: http.MethodGet, Kind: faults.Status, Status: 503, Format: faults.HTML},
	} {
		t.Run(name, func(t *testing.T) {
			h.makeDue(t)
			h.with(t, func() { h.fire(t, "RotateRefreshTokens", false) }, fault)
		})
	}
	h.makeDue(t)
	h.fire(t, "RotateRefreshTokens", true)
}

// crash kills the program while a customer's job waits for Azure, starts it
// again and delivers the message once more, as the host would.
func (h *hunt) crash(t *testing.T) {
	for _, refusal := range []faults.Fault{
		{Host: "partnercenter", Kind: faults.Status, Status: 401},
		{Host: "partnercenter", Kind: faults.Status, Status: 500, Format: faults.HTML},
	} {
		h.with(t, func() { h.fire(t, "EnqueueCustomers", false) }, refusal)
	}
	h.fire(t, "EnqueueCustomers", true)
	message := h.take(t)
	h.sim.Fault(t, faults.Fault{Kind: faults.Latency, Latency: "20s", Times: 1}) // whoever is asked first
	sent := make(chan int, 1)
	go func() {
		status, _, _ := h.job(message, 1)
		sent <- status
	}()
	for deadline := time.Now().Add(patience); len(h.sim.Faults.Active()) > 0 && time.Now().Before(deadline); {
		<-time.After(5 * time.Millisecond)
	}
	h.stop(syscall.SIGKILL)
	if status := <-sent; status != 0 {
		t.Errorf("the job was over before the crash: HTTP %d", status)
	}
	h.sim.Faults.Clear()
	h.run()
	if status, _, text := h.job(message, 2); status != http.StatusOK {
		t.Errorf("the job after the crash: HTTP %d %s", status, text)
	}
	h.done(t, message)
}

// badSweep does the jobs that are left while the services refuse.
func (h *hunt) badSweep(t *testing.T) {
	h.sim.ARM.Set(func(d *arm.Dials) { d.Challenge = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}` })
	h.with(t, func() { h.drain(t) },
		faults.Fault{Host: "arm", Kind: faults.Status, Status: 401, Times: 2},
		faults.Fault{Host: "graph", Kind: faults.Status, Status: 401, Times: 2},
		faults.Fault{Host: "graph", Kind: faults.Status, Status: 403, Times: 2},
		faults.Fault{Host: "arm", Kind: faults.Status, Status: 403, Times: 2},
		faults.Fault{Host: "arm", Kind: faults.Status, Status: 429, RetryAfter: "1", Times: 2},
		faults.Fault{Host: "arm", Kind: faults.Lost, Times: 2},
		faults.Fault{Host: "login", Path: "/token", Kind: faults.Status, Status: 503, Times: 2},
	)
	h.sim.ARM.Set(func(d *arm.Dials) { d.Challenge = "" })
	h.fire(t, "SuperviseRuns", true)
	for _, accept := range []string{"/api/status", "/api/health"} {
		if status, _, text := h.ask(http.MethodGet, accept, "", ""); status != http.StatusOK {
			t.Errorf("%s: HTTP %d %s", accept, status, text)
		}
	}
}

// badMessages are envelopes and messages that are not ours.
func (h *hunt) badMessages(t *testing.T) {
	for _, function := range []string{"/RunCustomerJob", "/RecordPoisonedJob", "/EnqueueCustomers"} {
		for _, body := range []string{
			"", "{", `{"Data":{}}`, `{"Data":{"message":"not base64!"},"Metadata":{"Authorization":"` + h.canary + `"}}`,
			`{"Data":{"message":"Zm9yZWlnbg=="},"Metadata":{"x":"` + h.canary + `"}}`, `{"Data":{"wrong":"` + h.canary + `"}}`,
			`{"Data":{"message":"` + strings.Repeat("A", 300<<10) + `"},"Metadata":{"x":"` + h.canary + `"}}`,
		} {
			if status, _, _ := h.ask(http.MethodPost, function, "application/json", body); status == 0 {
				t.Errorf("%s %.20q: no answer", function, body)
			}
		}
	}
}

// revoked ends the grant under the program's feet.
func (h *hunt) revoked(t *testing.T) {
	h.sim.World.RevokeGrants(world.IntegrationUserID)
	h.makeDue(t)
	h.fire(t, "RotateRefreshTokens", false)
	h.fire(t, "SuperviseRuns", true)
	status, _, text := h.ask(http.MethodGet, "/api/status", "", "")
	if status != http.StatusOK {
		t.Errorf("status: HTTP %d %s", status, text)
	}
}
