package partnercenter_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestMFACompliant(t *testing.T) {
	t.Parallel()
	type answer func(w http.ResponseWriter)
	says := func(header string, status int, body string) answer {
		return func(w http.ResponseWriter) {
			if header != "" {
				w.Header()["ismfacompliant"] = []string{header} // the wire's spelling varies
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	phrase := func(w http.ResponseWriter) {
		conn, out, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		flushed(t, out, "HTTP/1.1 401 Unauthorized - MFA required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	const refusal = `{"code":900421,"description":"MFA is required.","data":[],"source":"PartnerFD"}`
	for name, row := range map[string]struct {
		answer answer
		want   bool
		class  sam.Class
		code   string
	}{
		"compliant":                        {says("true", 200, `{"items":[]}`), true, "", ""},
		"compliant, otherwise spelt":       {says("True", 200, `{"items":[]}`), true, "", ""},
		"not compliant, still served":      {says("false", 200, `{"items":[]}`), false, "", ""},
		"word in the body":                 {says("", 200, `{"items":[],"isMfaCompliant":true}`), true, "", ""},
		"word in the body, as text":        {says("", 200, `{"items":[],"isMfaCompliant":"False"}`), false, "", ""},
		"no word":                          {says("", 200, `{"items":[]}`), false, sam.ClassRetry, partnercenter.CodeMFAUnsaid},
		"a word that is none":              {says("maybe", 200, `[]`), false, sam.ClassRetry, partnercenter.CodeMFAUnsaid},
		"refused by code":                  {says("false", 401, refusal), false, sam.ClassReconsent, "900421"},
		"refused by code, without a word":  {says("", 401, refusal), false, sam.ClassReconsent, "900421"},
		"refused by phrase":                {phrase, false, sam.ClassReconsent, "900421"},
		"refused, the phrase was lost":     {says("false", 401, ""), false, sam.ClassReconsent, "900421"},
		"refused for another reason":       {says("", 403, `{"code":2032}`), false, sam.ClassConfiguration, "2032"},
		"a role is missing, MFA is there":  {says("true", 403, `{"code":2032}`), true, "", ""},
		"a role is missing, and MFA, too":  {says("false", 403, `{"code":2032}`), false, "", ""},
		"throttled":                        {says("", 429, `{"statusCode":429,"message":"Try again in 57 seconds."}`), false, sam.ClassRetry, "HTTP429"},
		"a bare 401 says nothing about it": {says("", 401, ""), false, sam.ClassRetry, "HTTP401"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("ValidateMfa") != "true" || r.URL.Path != "/v1/customers" {
					t.Errorf("not a probe: %s %v", r.URL, r.Header)
				}
				row.answer(w)
			}))
			defer server.Close()
			c, err := partnercenter.New(partnercenter.Config{BaseURL: server.URL, Scope: "s/.default", HTTP: server.Client()})
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.MFACompliant(t.Context(), credential{})
			p := sam.AsProblem(err)
			if got != row.want || (p == nil) != (row.class == "") {
				t.Fatalf("got %v, %v", got, err)
			}
			if p != nil && (p.Class != row.class || p.Code != row.code) {
				t.Errorf("problem %s %s, want %s %s", p.Class, p.Code, row.class, row.code)
			}
		})
	}
}

func flushed(t *testing.T, out *bufio.ReadWriter, text string) {
	t.Helper()
	if _, err := out.WriteString(text); err != nil {
		t.Error(err)
	}
	if err := out.Flush(); err != nil {
		t.Error(err)
	}
}
