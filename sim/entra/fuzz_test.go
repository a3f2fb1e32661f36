package entra_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/entra"
	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/world"
)

func bare(tb testing.TB) (*world.World, *entra.Server) {
	tb.Helper()
	ring, err := keys.New()
	if err != nil {
		tb.Fatal(err)
	}
	w := world.New(world.Config{Customers: 1})
	return w, entra.New(w, ring)
}

// Whatever the form holds, the answer is a 200 with a token, or a refusal with
// an AADSTS number; nothing panics.
func FuzzTokenForm(f *testing.F) {
	f.Add("grant_type=refresh_token&client_id="+world.AppID+"&refresh_token=x", "Basic eA==", true)
	f.Add("grant_type=authorization_code&code=%00&client_assertion=a.b.c&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_id="+world.AppID, "", false)
	f.Add("scope=https%3A%2F%2F%2F.default+/&resource=//", "Bearer x", true)
	w, server := bare(f)
	f.Fuzz(func(t *testing.T, form, authorization string, second bool) {
		path := "/" + world.PartnerTenantID + "/oauth2/token"
		if second {
			path = "/" + world.PartnerTenantID + "/oauth2/v2.0/token"
		}
		if second { // half of the inputs get past the client's authentication
			form += "&client_secret=" + w.AppSecret() + "&client_id=" + world.AppID
		}
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", authorization)
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		body := answer.Body.String()
		if answer.Code == http.StatusOK && strings.Contains(body, "access_token") {
			return
		}
		if answer.Code != http.StatusBadRequest && answer.Code != http.StatusUnauthorized || !strings.Contains(body, "AADSTS") {
			t.Errorf("%d: %s", answer.Code, body)
		}
	})
}

// Whatever the query holds, nothing is sent to an address that is not
// registered.
func FuzzAuthorizeQuery(f *testing.F) {
	f.Add("client_id=" + world.AppID + "&redirect_uri=http://localhost:1/api/consent/callback&response_type=code&response_mode=query")
	f.Add("client_id=" + world.AppID + "&redirect_uri=http://localhost@evil.example/api/consent/callback&prompt=none&response_type=code&scope=openid")
	f.Add("client_id=" + world.AppID + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A99999%2Fapi%2Fconsent%2Fcallback%23x&scope=%22")
	_, server := bare(f)
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/common/oauth2/v2.0/authorize", nil)
		r.URL.RawQuery = query
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		location := answer.Header().Get("Location")
		if location == "" {
			if answer.Code != http.StatusOK && answer.Code != http.StatusBadRequest {
				t.Errorf("status %d", answer.Code)
			}
			return
		}
		rest, ok := strings.CutPrefix(location, "http://localhost")
		if !ok {
			rest, ok = strings.CutPrefix(location, "http://127.0.0.1")
		}
		if !ok || rest[0] != ':' && rest[0] != '/' || strings.Contains(strings.SplitN(rest, "/", 2)[0], "@") {
			t.Errorf("sent to %s", location)
		}
	})
}
