package main_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/statuspage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// TestLadder drives the real program on a ladder: the first tick makes the
// certificate that is missing; when the managed identity is no longer trusted,
// consent, rotation and a sweep go on with the certificate, and a person is told.
func TestLadder(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]string{"key in the secret": "exportable", "key in the vault": "vault"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t, simtest.Options{Customers: 3, Seed: 7, Shares: simtest.Healthy()})
			store := azurite.ForTest(t)
			env := maps.Clone(sim.Env())
			env["AzureWebJobsStorage"] = store.ConnectionString()
			env["SAMKEEPER_PUBLIC_URL"] = "http://localhost:7071"
			env["SAMKEEPER_APP_CREDENTIAL"] = "managed-identity,certificate"
			env["SAMKEEPER_APP_CERTIFICATE_KEY"] = where
			env["SAMKEEPER_RENEW_APP_CREDENTIAL"] = "true"
			r := start(t, env)
			r.timer(t, "RotateRefreshTokens", http.StatusOK)
			registered := 0
			sim.World.Change(func(p *world.Partner) {
				registered = len(p.App.Certificates)
				p.App.Federated[0].Subject = "somebody else"
			})
			if registered != 1 || sim.Vault.Versions()["app-certificate"] != 1 {
				t.Fatalf("%d certificates on the registration, vault %v\n%s", registered, sim.Vault.Versions(), r.logged())
			}
			r.consentAfterRefusal(t, sim)
			r.timer(t, "RotateRefreshTokens", http.StatusOK)
			r.timer(t, "EnqueueCustomers", http.StatusOK)
			r.drain(t, store.ConnectionString())
			r.timer(t, "SuperviseRuns", http.StatusOK)
			s := r.status(t)
			if len(s.Connections) != 1 || s.Connections[0].State != statuspage.Healthy || len(s.Runs) != 1 || s.Runs[0].Done != s.Runs[0].Expected {
				t.Errorf("connections %+v, runs %+v, failures %+v", s.Connections, s.Runs, s.Failures)
			}
			log := r.logged()
			if strings.Count(log, "an app credential is refused, the next one is in use") != 1 || !strings.Contains(log, "AADSTS700213") {
				t.Errorf("a person was not told once\n%s", log)
			}
			for _, secret := range sim.World.Secrets() {
				if strings.Contains(log, secret) {
					t.Error("a secret is in the log")
				}
			}
		})
	}
}

// consentAfterRefusal signs in twice: a code is sent once only, so the first
// sign-in ends with the refusal that moves the ladder.
func (r *running) consentAfterRefusal(t *testing.T, sim *simtest.Sim) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begun, err := client.Get(r.URL + "/api/consent")
	if err != nil {
		t.Fatal(err)
	}
	_ = begun.Body.Close()
	callback := sim.SignIn(t, begun.Header.Get("Location"), simtest.Person{})
	request, err := http.NewRequestWithContext(t.Context(), callback.Method, r.URL+callback.URL.RequestURI(), strings.NewReader(callback.Form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.AddCookie(begun.Cookies()[0])
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		t.Fatal("a refused managed identity redeemed a code")
	}
	r.consent(t, sim)
}
