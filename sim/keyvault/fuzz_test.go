package keyvault_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/world"
)

// owner lets everybody in as the vault's owner.
type owner struct{}

func (owner) Verify(*http.Request, ...string) (bearer.Claims, error) {
	return bearer.Claims{Tenant: world.PartnerTenantID, Object: world.IdentityPrincipal}, nil
}

// Whatever is asked, the answer is a success or a refusal with an error code.
func FuzzRequest(f *testing.F) {
	f.Add(http.MethodPut, "/secrets/s", "api-version=7.4", `{"value":"x","attributes":{"exp":1}}`)
	f.Add(http.MethodPatch, "/secrets/s/0123", "api-version=7.4", `{"tags":null}`)
	f.Add(http.MethodGet, "/secrets//versions", "api-version=7.4&$skiptoken=9&maxresults=1", "")
	f.Add(http.MethodDelete, "/deletedsecrets/s/recover/x", "api-version=2026-04-01", "[]")
	vault := keyvault.New(world.New(world.Config{}), owner{})
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		w := httptest.NewRecorder()
		vault.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusOK || w.Code == http.StatusNoContent:
		case w.Code >= 400 && w.Code < 500 && strings.Contains(w.Body.String(), `"error":{"code":"`):
		default:
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}
