package entra_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// answering is a transport that gives one answer without a network.
type answering struct {
	status int
	body   string
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

func offline(status int, body string) *entra.Client {
	public, _ := cloud.Lookup("public")
	return entra.New(entra.Config{
		Cloud: public, App: app, Credential: fixedSecret("s3cret-value"), HTTP: &http.Client{Transport: answering{status, body}},
		Now: func() time.Time { return at },
	})
}

func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, fullAnswer)
	f.Add(200, `{"token_type":"Bearer","expires_in":"3599","access_token":"a"}`)
	f.Add(400, string(errorBody("invalid_grant", "basic_action", 70002, 50076)))
	f.Add(429, "Too Many Requests")
	f.Add(503, "<html>")
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 100 + (status%500+500)%500
		tokens, err := offline(status, body).Redeem(t.Context(), refresh(customer))
		if err == nil {
			life := tokens.ExpiresOn.Sub(at)
			if tokens.Access.Empty() || life <= 0 || life > 7*24*time.Hour || !tokens.RefreshOn.IsZero() && tokens.RefreshOn.After(tokens.ExpiresOn) {
				t.Errorf("tokens without substance: life %v", life)
			}
			return
		}
		p := sam.AsProblem(err)
		if p == nil || p.Class == "" || p.Plain == "" || p.Fix == "" || p.Class == sam.ClassReconsent {
			t.Errorf("%#v", err)
		}
		if s := fmt.Sprintf("%+v", err); strings.Contains(s, "s3cret-value") || len(s) > 16<<10 {
			t.Errorf("%.300s", s)
		}
	})
}

func FuzzVerifyIDToken(f *testing.F) {
	f.Add(jwtOf(`{"tid":"11111111-1111-4111-8111-111111111111"}`).Reveal())
	f.Add(jwtOf(partnerCenterToken).Reveal())
	f.Add("a.b.c")
	client := offline(200, `{"keys":[]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := client.VerifyIDToken(t.Context(), sam.NewSecret(raw), expectation())
		if p := sam.AsProblem(err); p == nil || p.Code == "" {
			t.Errorf("%v: a token nobody signed must be refused", err)
		}
	})
}

func FuzzInspect(f *testing.F) {
	f.Add(partnerCenterToken)
	f.Add(`{"amr":"mfa","aud":["a"],"exp":"1","tid":"11111111-1111-4111-8111-111111111111","oid":"33333333-3333-4333-8333-333333333333"}`)
	f.Add(`{"exp":1e999}`)
	f.Fuzz(func(t *testing.T, payload string) {
		e, err := entra.Inspect(jwtOf(payload))
		if err != nil {
			return
		}
		if e.Tenant == "" || e.Object == "" || len(e.UPN) > 256 || len(e.Name) > 256 || len(e.AMR) > 16 {
			t.Errorf("%+v", e)
		}
		if strings.ContainsAny(e.UPN+e.Name+e.Audience, "\n\r\x00\x1b") {
			t.Errorf("%+v is not fit to be shown", e)
		}
	})
}
