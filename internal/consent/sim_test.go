package consent_test

import (
	"net/http"
	"testing"

	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

// The honest way, page by page, in both response modes, and two ways to press
// the wrong button.
func TestAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		mode   string
		person simtest.Person
		status int // of the refusal; 0 when the token is stored
	}{
		{name: "approves, form_post", mode: consent.FormPost},
		{name: "approves, query", mode: consent.Query},
		{name: "cancels", mode: consent.FormPost, person: simtest.Person{Cancel: true}, status: http.StatusBadRequest},
		{name: "skips MFA", mode: consent.FormPost, person: simtest.Person{SkipMFA: true}, status: http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, cloud := newSimulatedWorld(t, tt.mode)
			r, err := w.flow.Start(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			back := cloud.SignIn(t, r.URL, tt.person)
			receipt, err := w.flow.Complete(t.Context(), consent.Callback{Method: back.Method, Values: back.Form, Cookie: r.Cookie.Value})
			if tt.status != 0 {
				wantRefusal(t, err, tt.status, "")
				w.wantStored(t, 0)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.wantStored(t, 1)
			if receipt.UPN != upn || receipt.Tenant != partner || !receipt.MFA {
				t.Errorf("receipt %+v", receipt)
			}
			for _, secret := range cloud.World.Secrets() {
				w.idp.remember(secret)
			}
			w.wantNoSecrets(t, receipt)
		})
	}
}

func newSimulatedWorld(t *testing.T, mode string) (*world, *simtest.Sim) {
	t.Helper()
	cloud := simtest.Start(t, simtest.Options{Seed: 1})
	w := &world{idp: &idp{}, now: cloud.World.Now(), secret: cloud.World.AppSecret()}
	w.furnish(cloud.LoginURL, cloud.HTTPClient())
	w.deps.ResponseMode = mode
	w.deps.RedirectURI = "http://localhost:7071/api/consent/callback"
	w.flow = consent.New(w.deps)
	return w, cloud
}
