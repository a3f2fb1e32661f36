package partnercenter_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/shape"
	"github.com/samkeeper/samkeeper/sim/world"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// reader is a Verifier that takes the token for the name of a caller.
type reader map[string]bearer.Claims

func (v reader) Verify(r *http.Request, _ ...string) (bearer.Claims, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return bearer.Claims{}, &bearer.Error{Fault: bearer.Missing}
	}
	c, known := v[token]
	if !known {
		return bearer.Claims{}, &bearer.Error{Fault: bearer.Signature, Detail: "unknown key"}
	}
	return c, nil
}

func callers() reader {
	keeper := bearer.Claims{
		Tenant: world.PartnerTenantID, Object: world.IntegrationUserID, App: world.AppID,
		UPN: world.IntegrationUPN, AMR: []string{"pwd", "mfa"}, Delegated: true,
	}
	plain, app, stranger := keeper, keeper, keeper
	plain.AMR = []string{"pwd"}
	app.AMR, app.Delegated = nil, false
	stranger.Tenant = "99999999-9999-4999-8999-999999999999"
	return reader{"keeper": keeper, "plain": plain, "app": app, "stranger": stranger}
}

// bench is a running service with a world of its own.
type bench struct {
	world   *world.World
	service *partnercenter.Service
	server  *httptest.Server
}

func set(t *testing.T, customers int) bench {
	t.Helper()
	w := world.New(world.Config{Seed: 1, Customers: customers, Start: start})
	s := partnercenter.New(w, callers())
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return bench{w, s, server}
}

// first is the id of the first customer.
func (b bench) first() string { return b.world.Customers()[0].TenantID }

type answer struct {
	status int
	header http.Header
	phrase string
	body   []byte
}

// code is the error code of the body, or 0.
func (a answer) code() int {
	var f struct{ Code int }
	_ = json.Unmarshal(a.body, &f) // not an error body: no code
	return f.Code
}

func (b bench) call(t *testing.T, method, path, caller, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if caller != "" {
		r.Header.Set("Authorization", "Bearer "+caller)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, res.Status, text}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const nobody = "00000000-0000-4000-8000-000000000000"
	for name, row := range map[string]struct {
		change               func(*world.Customer)
		method, path, caller string
		status, code         int
	}{
		"no token":              {nil, "GET", "/v1/customers", "", 401, 800001},
		"bad token":             {nil, "GET", "/v1/customers", "forged", 401, 400},
		"other tenant":          {nil, "GET", "/v1/customers", "stranger", 401, 400},
		"no second factor":      {nil, "GET", "/v1/customers", "plain", 401, 900421},
		"app-only list":         {nil, "GET", "/v1/customers", "app", 200, 0},
		"app-only customer":     {nil, "GET", "/v1/customers/{first}", "app", 403, 2032},
		"size is no number":     {nil, "GET", "/v1/customers?size=many", "keeper", 400, 3000},
		"size too large":        {nil, "GET", "/v1/customers?size=501", "keeper", 400, 3000},
		"filter of no kind":     {nil, "GET", "/v1/customers?filter=name", "keeper", 400, 3000},
		"seek backwards":        {nil, "GET", "/v1/customers?seekOperation=Previous", "keeper", 400, 800002},
		"seek without token":    {nil, "GET", "/v1/customers?seekOperation=Next", "keeper", 400, 2001},
		"not a GUID":            {nil, "GET", "/v1/customers/contoso", "keeper", 400, 2000},
		"unknown customer":      {nil, "GET", "/v1/customers/" + nobody, "keeper", 404, 60003},
		"gone customer":         {func(c *world.Customer) { c.Gone = true }, "GET", "/v1/customers/{first}", "keeper", 404, 60003},
		"no reseller":           {func(c *world.Customer) { c.NoReseller = true }, "GET", "/v1/customers/{first}/subscriptions", "keeper", 403, 20002},
		"users without GDAP":    {func(c *world.Customer) { c.GDAP = false }, "GET", "/v1/customers/{first}/users", "keeper", 403, 2032},
		"books without GDAP":    {func(c *world.Customer) { c.GDAP = false }, "GET", "/v1/customers/{first}/subscriptions", "keeper", 200, 0},
		"users, blocked":        {func(c *world.Customer) { c.Blocked = true }, "GET", "/v1/customers/{first}/users", "keeper", 403, 900309},
		"licences, blocked":     {func(c *world.Customer) { c.Blocked = true }, "GET", "/v1/customers/{first}/subscribedskus", "keeper", 403, 900309},
		"no such route":         {nil, "GET", "/v1/invoices", "keeper", 404, 1000},
		"retired exchange":      {nil, "POST", "/generatetoken", "", 410, 1000},
		"withdraw what is not":  {func(c *world.Customer) { c.Consented = false }, "DELETE", "/v1/customers/{first}/applicationconsents/" + world.AppID, "keeper", 404, 1000},
		"withdraw someone else": {nil, "DELETE", "/v1/customers/{first}/applicationconsents/" + nobody, "keeper", 404, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := set(t, 3)
			if row.change != nil {
				b.world.Mutate(b.first(), row.change)
			}
			got := b.call(t, row.method, strings.ReplaceAll(row.path, "{first}", b.first()), row.caller, "")
			if got.status != row.status || got.code() != row.code {
				t.Errorf("HTTP %d code %d, want %d %d: %s", got.status, got.code(), row.status, row.code, got.body)
			}
			for _, h := range []string{"MS-RequestId", "MS-CorrelationId", "MS-CV", "MS-ServerId"} {
				if got.header.Get(h) == "" {
					t.Errorf("header %s is missing", h)
				}
			}
		})
	}
}

func TestErrorBodyAgreesWithPublished(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	form := shape.Of(shape.Published(t, "partnercenter/error_licenses_60012.json"), shape.Published(t, "partnercenter/error_partner_not_found_3000.json"))
	shape.Agree(t, form, shape.Decode(t, b.call(t, "GET", "/v1/customers?size=x", "keeper", "").body))
}

func TestIDsAreEchoed(t *testing.T) {
	t.Parallel()
	const id = "0a0b0c0d-0000-4000-8000-000000000001"
	got := set(t, 1).call(t, "GET", "/v1/customers", "keeper", "", "MS-RequestId", id, "MS-CorrelationId", id)
	if got.header.Get("MS-RequestId") != id || got.header.Get("MS-CorrelationId") != id {
		t.Errorf("headers %v", got.header)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	for caller, want := range map[string]string{"keeper": "true", "plain": "false"} {
		if got := b.call(t, "GET", "/v1/customers", caller, "", "ValidateMfa", "true").header.Get("isMfaCompliant"); got != want {
			t.Errorf("%s: isMfaCompliant %q, want %q", caller, got, want)
		}
	}
	if got := b.call(t, "GET", "/v1/customers", "keeper", ""); got.header.Get("isMfaCompliant") != "" {
		t.Error("isMfaCompliant without being asked")
	}
	b.service.Set(func(d *partnercenter.Dials) { d.MFAPhrase = true })
	got := b.call(t, "GET", "/v1/customers", "plain", "")
	if got.phrase != "401 Unauthorized - MFA required" || len(got.body) != 0 || !strings.Contains(got.header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("old refusal: %q, %v, %q", got.phrase, got.header, got.body)
	}
	b.service.Set(func(d *partnercenter.Dials) { d.MFAPhrase, d.MFAShare = false, 25 })
	refused := 0
	for range 40 {
		if b.call(t, "GET", "/v1/customers", "plain", "").status == 401 {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d of 40 refused, want a quarter", refused)
	}
}

// Over HTTP/2 there is no phrase to change; status and header remain.
func TestOldRefusalOverHTTP2(t *testing.T) {
	t.Parallel()
	s := partnercenter.New(world.New(world.Config{Customers: 1, Start: start}), callers())
	s.Set(func(d *partnercenter.Dials) { d.MFAPhrase = true })
	server := httptest.NewUnstartedServer(s)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	got := bench{server: server}.call(t, "GET", "/v1/customers", "plain", "")
	if got.status != 401 || len(got.body) != 0 || got.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
		t.Errorf("HTTP %d %v %q", got.status, got.header, got.body)
	}
}

func TestAdoptionReport(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	b.call(t, "GET", "/v1/customers", "plain", "")
	b.call(t, "GET", "/v1/customers", "keeper", "")
	var rows []struct {
		Compliant     int    `json:"mfaCompliantRequestCount"`
		Total         int    `json:"totalRequestCount"`
		ApplicationID string `json:"applicationId"`
	}
	got := b.call(t, "GET", "/v1/applicationmfaadoptionstatus", "keeper", "")
	if err := json.Unmarshal(got.body, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Compliant != 2 || rows[0].Total != 3 || rows[0].ApplicationID != world.AppID {
		t.Errorf("report %s", got.body)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	b.service.Set(func(d *partnercenter.Dials) { d.CallsPerMinute = 2 })
	b.call(t, "GET", "/v1/customers", "keeper", "")
	b.call(t, "GET", "/v1/customers", "keeper", "")
	got := b.call(t, "GET", "/v1/customers", "keeper", "")
	var body struct {
		StatusCode int
		Message    string
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	wait := got.header.Get("Retry-After")
	if got.status != 429 || body.StatusCode != 429 || body.Message != "Rate limit is exceeded. Try again in "+wait+" seconds." {
		t.Errorf("HTTP %d, Retry-After %q: %s", got.status, wait, got.body)
	}
	b.world.Advance(time.Minute)
	if got := b.call(t, "GET", "/v1/customers", "keeper", ""); got.status != 200 {
		t.Errorf("after a minute: HTTP %d", got.status)
	}
}
