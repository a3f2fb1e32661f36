package entra_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const app = sam.AppID("22222222-2222-4222-8222-222222222222")

// fixedSecret is an app credential that never changes.
type fixedSecret string

func (f fixedSecret) Apply(_ context.Context, _ sam.TenantID, form url.Values) error {
	form.Set("client_secret", string(f))
	return nil
}

// login is a token endpoint that answers as told and remembers what it was asked.
type login struct {
	*httptest.Server
	mu    sync.Mutex
	forms []url.Values
	heads []http.Header
	paths []string
}

// newLogin answers the n-th request (from 0) with answer(n, …).
func newLogin(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *login {
	t.Helper()
	l := &login{}
	l.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		l.mu.Lock()
		n := len(l.forms)
		l.forms, l.heads, l.paths = append(l.forms, r.PostForm), append(l.heads, r.Header), append(l.paths, r.Method+" "+r.URL.Path)
		l.mu.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *login) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.forms)
}

func (l *login) client(credential entra.AppCredential) *entra.Client {
	public, _ := cloud.Lookup("public")
	return entra.New(entra.Config{
		Cloud: public, LoginURL: l.URL + "/", App: app, Credential: credential, HTTP: l.Client(),
		Now: func() time.Time { return at },
	})
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

const fullAnswer = `{"token_type":"Bearer","scope":"user_impersonation","expires_in":4199,"ext_expires_in":4199,"refresh_in":2100,
	"access_token":"access-1","refresh_token":"refresh-2","id_token":"id-1","surprise":{"a":[1]}}`

func always(status int, body string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, status, body) }
}

func refresh(tenant sam.TenantID) entra.RefreshRequest {
	return entra.RefreshRequest{Tenant: tenant, Home: partner, RefreshToken: sam.NewSecret("refresh-1"), Scope: "https://graph.microsoft.com/.default"}
}

func code() entra.CodeRequest {
	return entra.CodeRequest{
		Tenant: partner, Code: sam.NewSecret("code-1"), Verifier: sam.NewSecret("verifier-1"),
		RedirectURI: "https://app.example/api/consent/callback", Scope: "https://api.partnercenter.microsoft.com/.default",
	}
}

func TestRedeemSendsOneResource(t *testing.T) {
	t.Parallel()
	l := newLogin(t, always(200, fullAnswer))
	c := l.client(fixedSecret("s3cret"))
	there, home := refresh(customer), refresh(partner)
	there.Claims = `{"access_token":{}}`
	for _, r := range []entra.RefreshRequest{there, home} {
		if _, err := c.Redeem(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.RedeemCode(t.Context(), code()); err != nil {
		t.Fatal(err)
	}
	want := []url.Values{{
		"grant_type": {"refresh_token"}, "refresh_token": {"refresh-1"}, "client_id": {string(app)}, "client_secret": {"s3cret"},
		"scope": {"https://graph.microsoft.com/.default"}, "claims": {`{"access_token":{}}`},
	}, {
		"grant_type": {"refresh_token"}, "refresh_token": {"refresh-1"}, "client_id": {string(app)}, "client_secret": {"s3cret"},
		"scope": {"https://graph.microsoft.com/.default openid profile offline_access"},
	}, {
		"grant_type": {"authorization_code"}, "code": {"code-1"}, "code_verifier": {"verifier-1"}, "client_id": {string(app)}, "client_secret": {"s3cret"},
		"redirect_uri": {"https://app.example/api/consent/callback"},
		"scope":        {"https://api.partnercenter.microsoft.com/.default openid profile offline_access"},
	}}
	if diff := cmp.Diff(want, l.forms); diff != "" {
		t.Errorf("forms (-want +got):\n%s", diff)
	}
	paths := []string{
		"POST /" + string(customer) + "/oauth2/v2.0/token", "POST /" + string(partner) + "/oauth2/v2.0/token", "POST /" + string(partner) + "/oauth2/v2.0/token",
	}
	if diff := cmp.Diff(paths, l.paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	for _, h := range l.heads {
		if len(h.Get("client-request-id")) != 36 || h.Get("Authorization") != "" {
			t.Errorf("client-request-id %q, Authorization %q", h.Get("client-request-id"), h.Get("Authorization"))
		}
	}
}

func TestRedeemReadsTheAnswer(t *testing.T) {
	t.Parallel()
	type result struct {
		access, refresh, id, scope string
		life, renew                time.Duration
	}
	for name, c := range map[string]struct {
		body string
		want result
	}{
		"v2.0, everything": {fullAnswer, result{"access-1", "refresh-2", "id-1", "user_impersonation", 4199 * time.Second, 2100 * time.Second}},
		"v1.0, numbers in strings": {`{"token_type":"Bearer","expires_in":"3599","expires_on":"1790000000","access_token":"a","refresh_token":"r"}`,
			result{"a", "r", "", "", 3599 * time.Second, 0}},
		"no refresh token":            {`{"token_type":"bearer","expires_in":3599,"access_token":"a"}`, result{"a", "", "", "", 3599 * time.Second, 0}},
		"refresh_in after the expiry": {`{"token_type":"Bearer","expires_in":100,"refresh_in":200,"access_token":"a"}`, result{"a", "", "", "", 100 * time.Second, 0}},
		"a fraction":                  {`{"token_type":"Bearer","expires_in":99.9,"access_token":"a"}`, result{"a", "", "", "", 99 * time.Second, 0}},
		"an absurd life":              {`{"token_type":"Bearer","expires_in":1e300,"access_token":"a"}`, result{"a", "", "", "", 7 * 24 * time.Hour, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, err := newLogin(t, always(200, c.body)).client(fixedSecret("s")).Redeem(t.Context(), refresh(customer))
			if err != nil {
				t.Fatal(err)
			}
			got := result{tokens.Access.Reveal(), tokens.Refresh.Reveal(), tokens.ID.Reveal(), tokens.Scope, tokens.ExpiresOn.Sub(at), 0}
			if !tokens.RefreshOn.IsZero() {
				got.renew = tokens.RefreshOn.Sub(at)
			}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRedeemReadsPublishedAnswers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "published", "entra")
	for _, file := range []string{"token_success_v1_authorization_code.json", "token_success_v2_client_credentials.json", "token_success_v2_delegated.json"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Skipf("published payloads are not here: %v", err)
			}
			tokens, err := newLogin(t, always(200, string(body))).client(fixedSecret("s")).Redeem(t.Context(), refresh(customer))
			if err != nil || tokens.Access.Empty() || tokens.ExpiresOn.Before(at.Add(time.Hour-time.Second)) {
				t.Errorf("%v, expires %v", err, tokens.ExpiresOn)
			}
		})
	}
}

func TestRedeemRefusesAnswersThatAreNoTokens(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"HTML":            "<html>captive portal</html>",
		"empty":           "",
		"no access token": `{"token_type":"Bearer","expires_in":3599}`,
		"no life":         `{"token_type":"Bearer","access_token":"a"}`,
		"negative life":   `{"token_type":"Bearer","expires_in":-1,"access_token":"a"}`,
		"life in words":   `{"token_type":"Bearer","expires_in":"soon","access_token":"a"}`,
		"another type":    `{"token_type":"mac","expires_in":3599,"access_token":"a"}`,
		"two MiB":         `{"token_type":"Bearer","expires_in":3599,"access_token":"` + strings.Repeat("a", 2<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLogin(t, always(200, body))
			_, err := l.client(fixedSecret("s")).Redeem(t.Context(), refresh(customer))
			if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassRetry || p.Status != 200 || l.requests() != 1 {
				t.Errorf("%v after %d requests, want a retry problem after one", err, l.requests())
			}
		})
	}
}

func TestRedeemIsRepeatedOnlyWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	hangUp := func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	}
	for name, c := range map[string]struct {
		answer   func(n int, w http.ResponseWriter, r *http.Request)
		code     bool
		requests int
		ok       bool
	}{
		"refresh, one lost answer": {func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 0 {
				hangUp(w)
				return
			}
			say(w, 200, fullAnswer)
		}, false, 2, true},
		"refresh, all answers lost": {func(_ int, w http.ResponseWriter, _ *http.Request) { hangUp(w) }, false, 2, false},
		"refresh, throttled":        {always(429, "Too Many Requests"), false, 1, false},
		"refresh, outage":           {always(503, "<html>"), false, 1, false},
		"code, lost answer":         {func(_ int, w http.ResponseWriter, _ *http.Request) { hangUp(w) }, true, 1, false},
		"code, refused secret":      {always(401, string(errorBody("invalid_client", "", 7000215))), true, 1, false},
		"a redirect is not followed": {func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, false, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLogin(t, c.answer)
			client := l.client(entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret("s"), nil }))
			var err error
			if c.code {
				_, err = client.RedeemCode(t.Context(), code())
			} else {
				_, err = client.Redeem(t.Context(), refresh(customer))
			}
			if (err == nil) != c.ok || l.requests() != c.requests {
				t.Errorf("%v after %d requests, want %d", err, l.requests(), c.requests)
			}
			if err != nil && sam.AsProblem(err) == nil {
				t.Errorf("%v is no problem", err)
			}
			if err != nil && (strings.Contains(err.Error(), "refresh-1") || strings.Contains(err.Error(), "code-1")) {
				t.Errorf("%v shows a secret", err)
			}
		})
	}
}

func TestRedeemObeysTheContext(t *testing.T) {
	t.Parallel()
	arrived, leave := make(chan struct{}), make(chan struct{})
	l := newLogin(t, func(_ int, _ http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-leave
	})
	t.Cleanup(func() { close(leave) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := l.client(fixedSecret("s")).Redeem(ctx, refresh(customer))
	if !errors.Is(err, context.Canceled) || sam.ClassOf(err) != sam.ClassRetry || l.requests() != 1 {
		t.Errorf("%v after %d requests; want one, cancelled", err, l.requests())
	}
}

func TestRedeemRefusesWhatEntraWouldRefuse(t *testing.T) {
	t.Parallel()
	l := newLogin(t, always(200, fullAnswer))
	for name, change := range map[string]func(*entra.RefreshRequest){
		"no tenant":     func(r *entra.RefreshRequest) { r.Tenant = "" },
		"no token":      func(r *entra.RefreshRequest) { r.RefreshToken = sam.Secret{} },
		"no scope":      func(r *entra.RefreshRequest) { r.Scope = "" },
		"no resource":   func(r *entra.RefreshRequest) { r.Scope = "openid offline_access" },
		"two resources": func(r *entra.RefreshRequest) { r.Scope += " https://management.azure.com/.default" },
	} {
		r := refresh(customer)
		change(&r)
		_, err := l.client(fixedSecret("s")).Redeem(t.Context(), r)
		if sam.ClassOf(err) != sam.ClassConfiguration {
			t.Errorf("%s: %v, want class configuration", name, err)
		}
	}
	_, err := l.client(nil).Redeem(t.Context(), refresh(customer))
	if sam.ClassOf(err) != sam.ClassConfiguration {
		t.Errorf("no credential: %v, want class configuration", err)
	}
	c := code()
	c.Verifier = sam.Secret{}
	if _, err := l.client(fixedSecret("s")).RedeemCode(t.Context(), c); sam.ClassOf(err) != sam.ClassConfiguration {
		t.Errorf("no verifier: %v, want class configuration", err)
	}
	if l.requests() != 0 {
		t.Errorf("%d requests were sent", l.requests())
	}
}

func TestSecretIsReadAgainAfterARefusal(t *testing.T) {
	t.Parallel()
	l := newLogin(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.PostForm.Get("client_secret") != "new" {
			say(w, 401, string(errorBody("invalid_client", "", 7000215)))
			return
		}
		say(w, 200, fullAnswer)
	})
	var reads atomic.Int32
	values := []string{"old", "old", "new"}
	client := l.client(entra.SecretCredential(func(context.Context) (sam.Secret, error) {
		return sam.NewSecret(values[reads.Add(1)-1]), nil
	}))
	_, err := client.Redeem(t.Context(), refresh(customer))
	if sam.ClassOf(err) != sam.ClassCredential || reads.Load() != 2 || l.requests() != 1 {
		t.Fatalf("unchanged secret: %v, %d reads, %d requests; want one request and a second look", err, reads.Load(), l.requests())
	}
	if _, err := client.Redeem(t.Context(), refresh(customer)); err != nil || l.requests() != 3 {
		t.Fatalf("changed secret: %v, %d requests; want the redemption repeated", err, l.requests())
	}
	if _, err := client.Redeem(t.Context(), refresh(customer)); err != nil || reads.Load() != 3 {
		t.Errorf("%v, %d reads; want the new secret kept", err, reads.Load())
	}
}

func TestSecretThatCannotBeRead(t *testing.T) {
	t.Parallel()
	l := newLogin(t, always(200, fullAnswer))
	denied := &sam.Problem{Op: "read secret", Class: sam.ClassConfiguration, Code: "ForbiddenByRbac"}
	for name, c := range map[string]struct {
		secret string
		err    error
		class  sam.Class
	}{
		"vault refuses":  {"", denied, sam.ClassConfiguration},
		"vault is away":  {"", errors.New("connection refused"), sam.ClassRetry},
		"empty in vault": {"", nil, sam.ClassCredential},
	} {
		client := l.client(entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(c.secret), c.err }))
		_, err := client.Redeem(t.Context(), refresh(customer))
		if p := sam.AsProblem(err); p == nil || p.Class != c.class {
			t.Errorf("%s: %v, want class %s", name, err, c.class)
		}
	}
	if l.requests() != 0 {
		t.Errorf("%d requests were sent without a credential", l.requests())
	}
}

func TestProblemsPrintNoSecret(t *testing.T) {
	t.Parallel()
	l := newLogin(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		echo := fmt.Sprintf(`{"error":"invalid_grant","error_description":"AADSTS70000: bad %s","error_codes":[70000]}`, r.PostForm.Encode())
		say(w, 400, echo)
	})
	_, err := l.client(fixedSecret("s3cret")).Redeem(t.Context(), refresh(customer))
	if s := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(s, "refresh-1") || strings.Contains(s, "s3cret") {
		t.Error(s)
	}
}
