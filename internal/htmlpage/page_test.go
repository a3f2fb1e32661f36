package htmlpage_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/htmlpage"
)

const content = `{{define "title"}}A page{{end}}{{define "main"}}<p>{{.}}</p>{{end}}`

func TestPolicyAllowsExactlyTheStylesheet(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := htmlpage.Write(w, 200, htmlpage.Parse(content, nil), "x"); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(w.Body.String(), "<style>")
	css, _, ok := strings.Cut(rest, "</style>")
	if !ok || css == "" {
		t.Fatal("the page has no stylesheet")
	}
	sum := sha256.Sum256([]byte(css))
	policy := w.Header().Get("Content-Security-Policy")
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
		t.Errorf("policy %q does not allow the stylesheet as rendered (%s)", policy, want)
	}
	for _, never := range []string{"unsafe-inline", "unsafe-eval", "script-src", "*"} {
		if strings.Contains(policy, never) {
			t.Errorf("policy %q contains %s", policy, never)
		}
	}
}

func TestHeadersAndEscaping(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := htmlpage.Write(w, 418, htmlpage.Parse(content, nil), `<script>alert(1)</script>`); err != nil {
		t.Fatal(err)
	}
	if w.Code != 418 || strings.Contains(w.Body.String(), "<script") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), want) {
			t.Errorf("policy lacks %s", want)
		}
	}
}

func TestNothingIsSentWhenRenderingFails(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	page := htmlpage.Parse(`{{define "title"}}x{{end}}{{define "main"}}{{.Missing}}{{end}}`, nil)
	if err := htmlpage.Write(w, 200, page, struct{}{}); err == nil || w.Body.Len() != 0 || len(w.Header()) != 0 {
		t.Errorf("err %v, body %q, headers %v", err, w.Body, w.Header())
	}
}
