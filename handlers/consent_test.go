package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/consent"
)

const form = "application/x-www-form-urlencoded"

// protected checks what every answer to a browser must carry.
func protected(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
}

func TestConsentStartRedirects(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	w := h.ask("GET", "/api/consent?code=function-key", nil, "Host", "evil.example", "X-Forwarded-Host", "evil.example")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://login.example/authorize?x=1" {
		t.Errorf("answer %d to %q", w.Code, w.Header().Get("Location"))
	}
	if c := w.Header().Get("Set-Cookie"); !strings.HasPrefix(c, consent.CookieName+"=sealed") {
		t.Errorf("Set-Cookie = %q", c)
	}
	protected(t, w)
	if strings.Contains(h.log.String(), "function-key") || strings.Contains(fmt.Sprint(w.Header()), "evil.example") {
		t.Errorf("the key or the caller's host shows: %s %v", h.log, w.Header())
	}
}

func TestConsentStartAtATenant(t *testing.T) {
	t.Parallel()
	const second = "99999999-1111-4111-8111-111111111111"
	h := open(t, nil)
	for target, want := range map[string]int{
		"/api/consent":                                http.StatusSeeOther,
		"/api/consent?tenant=" + second:               http.StatusSeeOther,
		"/api/consent?tenant=contoso.onmicrosoft.com": http.StatusBadRequest,
	} {
		h.started = nil
		if w := h.ask("GET", target, nil); w.Code != want {
			t.Errorf("%s: answer %d, want %d", target, w.Code, want)
		}
		if asked := strings.Contains(target, second); asked && (len(h.started) != 1 || h.started[0] != second) {
			t.Errorf("%s started %v", target, h.started)
		}
	}
}

func TestConsentCallbackPasses(t *testing.T) {
	t.Parallel()
	receipt := consent.Receipt{
		Connection: "11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333",
		UPN:        "sam.keeper@partner.example", Name: "<b>Sam</b>", Tenant: "11111111-1111-4111-8111-111111111111",
		ValidUntil: time.Date(2027, 2, 19, 21, 30, 0, 0, time.UTC), MFA: true, Reference: "ABCD-EFGH-JKLM",
	}
	for name, row := range map[string]struct {
		method, target string
		body           io.Reader
		want           url.Values
	}{
		"form_post":                     {"POST", "/api/consent/callback", strings.NewReader("code=c1&state=s1"), url.Values{"code": {"c1"}, "state": {"s1"}}},
		"query":                         {"GET", "/api/consent/callback?code=c1&state=s1", nil, url.Values{"code": {"c1"}, "state": {"s1"}}},
		"the address of a POST is lost": {"POST", "/api/consent/callback?state=other", strings.NewReader("code=c1"), url.Values{"code": {"c1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			h.receipt = receipt
			w := h.ask(row.method, row.target, row.body, "Content-Type", form+"; charset=utf-8", "Cookie", consent.CookieName+"=sealed; other=1")
			if w.Code != http.StatusOK {
				t.Fatalf("answer %d %s", w.Code, w.Body)
			}
			if h.callback.Cookie != "sealed" || h.callback.Method != row.method || h.callback.Values.Encode() != row.want.Encode() {
				t.Errorf("the room was given %+v", h.callback)
			}
			for _, want := range []string{"sam.keeper@partner.example", "19 February 2027, 21:30", "ABCD-EFGH-JKLM", "&lt;b&gt;Sam"} {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			protected(t, w)
			if c := w.Result().Cookies(); len(c) != 1 || c[0].Name != consent.CookieName || c[0].MaxAge >= 0 {
				t.Errorf("the cookie is not cleared: %v", c)
			}
		})
	}
}

func TestConsentCallbackRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		method, target, kind string
		body                 io.Reader
		status               int
	}{
		"no form":         {"POST", "/api/consent/callback", "application/json", strings.NewReader(`{}`), http.StatusUnsupportedMediaType},
		"no content type": {"POST", "/api/consent/callback", "", strings.NewReader("code=c"), http.StatusUnsupportedMediaType},
		"too large":       {"POST", "/api/consent/callback", form, strings.NewReader("code=" + strings.Repeat("c", 64<<10)), http.StatusRequestEntityTooLarge},
		"long address":    {"GET", "/api/consent/callback?code=" + strings.Repeat("c", 64<<10), "", nil, http.StatusRequestEntityTooLarge},
		"broken escapes":  {"POST", "/api/consent/callback", form, strings.NewReader("code=very-secret%zz"), http.StatusBadRequest},
		"another method":  {"PUT", "/api/consent/callback", form, nil, http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, nil)
			w := h.ask(row.method, row.target, row.body, "Content-Type", row.kind)
			if w.Code != row.status || h.callback.Method != "" {
				t.Errorf("answer %d, want %d; the room was given %+v", w.Code, row.status, h.callback)
			}
			if !strings.Contains(w.Body.String(), "<h1>") || !strings.Contains(w.Body.String(), invocation) || !strings.Contains(w.Body.String(), "Nothing was stored") {
				t.Errorf("page: %s", w.Body)
			}
			if strings.Contains(w.Body.String()+h.log.String(), "very-secret") {
				t.Error("the code shows")
			}
			protected(t, w)
		})
	}
}

func TestRefusalIsShownWithoutItsCause(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.refusal = &consent.Refusal{Status: http.StatusForbidden, Reference: "ABCD-EFGH-JKLM", Plain: "This account may not consent.", Fix: "Sign in as another.", Err: errors.New("inner cause")}
	w := h.ask("POST", "/api/consent/callback", strings.NewReader("code=c1"), "Content-Type", form)
	page := w.Body.String()
	for _, want := range []string{"This account may not consent.", "Sign in as another.", "ABCD-EFGH-JKLM"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if w.Code != http.StatusForbidden || strings.Contains(page, "inner cause") {
		t.Errorf("answer %d: %s", w.Code, page)
	}
	line := h.lines(t, "invocation failed")[0]
	if line["reference"] != "ABCD-EFGH-JKLM" || line["level"] != "WARN" || !strings.Contains(fmt.Sprint(line["error"]), "inner cause") {
		t.Errorf("log: %v", line)
	}
}

func TestHTTPFunctionsHaveTheShortDeadline(t *testing.T) {
	t.Parallel()
	h := open(t, func(r *handlers.Rooms) {
		r.Prepare = func(ctx context.Context) error {
			if until, ok := ctx.Deadline(); !ok || time.Until(until) > handlers.HTTPDeadline {
				return errors.New("no deadline of an HTTP function")
			}
			return nil
		}
	})
	if w := h.ask("GET", "/api/consent", nil); w.Code != http.StatusSeeOther {
		t.Errorf("answer %d: %s", w.Code, h.log)
	}
}

// FuzzCallback sends anything as the body of a callback: it is answered with a
// page, and nothing of it turns up in the page or the log.
func FuzzCallback(f *testing.F) {
	for _, seed := range []string{"code=c&state=s", "error=access_denied&error_description=%3Cscript%3E", "a=%", ";=;&&==", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		const secret = "0.AXkAsecretsecretsecretsecret"
		h := open(t, nil)
		w := h.ask("POST", "/api/consent/callback", strings.NewReader("code="+secret+"&"+body), "Content-Type", form)
		if w.Code != http.StatusOK && (w.Code < 400 || w.Code >= 500) {
			t.Errorf("answer %d", w.Code)
		}
		if strings.Contains(w.Body.String()+h.log.String(), secret) {
			t.Error("the code shows")
		}
	})
}
