package consent_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

func TestStartAsksForEverythingThatIsCheckedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := w.flow.Start(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/" + string(partner) + "/oauth2/v2.0/authorize"; u.Path != want {
		t.Errorf("path %s, want %s", u.Path, want)
	}
	want := map[string]string{
		"client_id": string(app), "response_type": "code", "response_mode": "form_post", "prompt": "login",
		"redirect_uri": w.deps.RedirectURI, "code_challenge_method": "S256",
		"scope": pc + "/.default openid profile offline_access",
	}
	for name, value := range want {
		if got := u.Query().Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if got := u.Query().Get(name); len(got) != 43 {
			t.Errorf("%s = %q, want 32 bytes in base64url", name, got)
		}
	}
}

func TestTheCookieIsTiedToHostBrowserAndQuarterHour(t *testing.T) {
	t.Parallel()
	r, err := newWorld(t).flow.Start(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	text := r.Cookie.String()
	for _, want := range []string{consent.CookieName + "=1.", "; Path=/;", "; Max-Age=900;", "; HttpOnly;", "; Secure;", "; SameSite=None"} {
		if !strings.Contains(text, want) {
			t.Errorf("cookie %s lacks %q", text, want)
		}
	}
	if strings.Contains(text, "Domain=") {
		t.Error("a __Host- cookie must not name a domain")
	}
	if c := consent.ClearedCookie(); c.MaxAge >= 0 || c.Value != "" || c.Name != r.Cookie.Name || c.Path != r.Cookie.Path {
		t.Errorf("cleared cookie %+v does not clear %+v", c, r.Cookie)
	}
}

func TestCompleteStoresTheTokenAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	receipt, err := w.flow.Complete(t.Context(), w.begin(t))
	if err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, 1)
	want := consent.Receipt{
		Connection: connection, UPN: upn, Name: "Sam Keeper", Tenant: partner,
		ValidUntil: w.clock().Add(vault.TokenLife), MFA: true, Reference: receipt.Reference,
	}
	if receipt != want {
		t.Errorf("receipt %+v\nwant    %+v", receipt, want)
	}
	row, err := w.ledger.Connection(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	if row.Version == "" || !row.MFA || !row.ProvedAt.IsZero() || row.Problem != nil || !row.ConsentedAt.Equal(w.clock()) || row.Kind != sam.PartnerConnection {
		t.Errorf("status %+v", row)
	}
	trail := w.trail(t)
	if len(trail) != 2 || trail[0].Reference != receipt.Reference || trail[1].Reference != receipt.Reference {
		t.Errorf("audit trail %+v, want intent and outcome under %s", trail, receipt.Reference)
	}
	if len(w.told) != 1 || w.told[0] != connection {
		t.Errorf("told of %v", w.told)
	}
	w.wantNoSecrets(t, receipt)
}

func TestQueryModeTakesGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deps.ResponseMode = consent.Query
	w.flow = consent.New(w.deps)
	cb := w.begin(t)
	cb.Method = http.MethodGet
	if _, err := w.flow.Complete(t.Context(), cb); err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, 1)
}

func TestASecondConsentEndsTheProblemOfTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := ledger.Connection{ID: connection, Attempts: 7, NextAttempt: w.clock().Add(time.Hour), Problem: &ledger.ConnectionProblem{Class: sam.ClassReconsent}}
	if err := w.ledger.PutConnection(t.Context(), broken); err != nil {
		t.Fatal(err)
	}
	if _, err := w.flow.Complete(t.Context(), w.begin(t)); err != nil {
		t.Fatal(err)
	}
	row, err := w.ledger.Connection(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	if row.Problem != nil || row.Attempts != 0 || !row.NextAttempt.IsZero() {
		t.Errorf("status %+v still has the old problem", row)
	}
}

func TestOfManyCallersWithOneAnswerOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cb := w.begin(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.flow.Complete(t.Context(), cb) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		var r *consent.Refusal
		switch {
		case err == nil:
			won++
		case !errors.As(err, &r) || r.Status != http.StatusConflict:
			t.Errorf("loser got %v, want 409", err)
		}
	}
	if won != 1 {
		t.Errorf("%d callers won", won)
	}
	w.wantStored(t, 1)
}

func TestABrowserThatHangsUpDoesNotLoseTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cb := w.begin(t)
	ctx, hangUp := contextWithHangUp(t)
	w.idp.rewrite = func(map[string]any) { hangUp() } // while the code is being redeemed
	if _, err := w.flow.Complete(ctx, cb); err != nil {
		t.Fatal(err)
	}
	w.wantStored(t, 1)
}

func TestAStatusThatCannotBeWrittenDoesNotUndoTheConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger.connection = errors.New("table down")
	receipt, err := w.flow.Complete(t.Context(), w.begin(t))
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Unrecorded == nil {
		t.Error("the receipt hides that the status was not written")
	}
	if v, _ := w.vault.Versions(t.Context(), connection); len(v) != 1 {
		t.Errorf("the vault holds %d versions, want 1", len(v))
	}
}

// TestChangingTheStateKeyBreaksNoSignInUnderWay: the operator may write a new
// version of the key at any moment, twice if need be.
func TestChangingTheStateKeyBreaksNoSignInUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cb := w.begin(t)
	before := cb.Cookie
	w.vault.rotateKey()
	w.vault.rotateKey()
	w.wait(consent.Lifetime - time.Second)
	if _, err := w.flow.Complete(t.Context(), cb); err != nil {
		t.Errorf("a sign-in begun under the older key: %v", err)
	}
	w.wantStored(t, 1)
	if after := w.begin(t).Cookie; strings.Split(after, ".")[1] == strings.Split(before, ".")[1] {
		t.Error("new cookies are still sealed with the old key")
	}
	w.vault.older = append(w.vault.older, sam.NewSecret("an older one that is useless"))
	if _, err := w.flow.Start(t.Context(), ""); err != nil {
		t.Errorf("a useless older key stops new sign-ins: %v", err)
	}
}

func TestStartRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		tenant sam.TenantID
		spoil  func(*world)
		status int
	}{
		{"tenant not on the list", other, func(*world) {}, http.StatusForbidden},
		{"vault down", "", func(w *world) { w.vault.fails["Preflight"] = errDown }, http.StatusServiceUnavailable},
		{"vault forbids writing", "", func(w *world) {
			w.vault.fails["Preflight"] = &sam.Problem{Class: sam.ClassConfiguration, Code: "ForbiddenByRbac", Plain: "The app may not use the vault.", Fix: "Grant the role."}
		}, http.StatusInternalServerError},
		{"no state key", "", func(w *world) { w.vault.fails["StateKeys"] = errDown }, http.StatusServiceUnavailable},
		{"state key too short", "", func(w *world) { w.vault.key = sam.NewSecret("short") }, http.StatusInternalServerError},
		{"ledger down", "", func(w *world) { w.ledger.state = errors.New("table down") }, http.StatusServiceUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.spoil(w)
			r, err := w.flow.Start(t.Context(), tt.tenant)
			wantRefusal(t, err, tt.status, "")
			if r.URL != "" || r.Cookie != nil {
				t.Errorf("a refused start redirects to %q", r.URL)
			}
		})
	}
}

func wantRefusal(t *testing.T, err error, status int, plain string) {
	t.Helper()
	var r *consent.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if r.Status != status {
		t.Errorf("status %d, want %d (%v)", r.Status, status, err)
	}
	if !strings.Contains(r.Plain, plain) {
		t.Errorf("says %q, want something about %q", r.Plain, plain)
	}
	if r.Plain == "" || r.Fix == "" || len(r.Reference) != 14 {
		t.Errorf("a person cannot act on %+v", r)
	}
}

func TestARefusedSignInLeavesItsReferenceInTheAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.access = func(c claims) { c["amr"] = []string{"pwd"} }
	_, err := w.flow.Complete(t.Context(), w.begin(t))
	wantRefusal(t, err, http.StatusForbidden, "multi-factor")
	trail := w.trail(t)
	if len(trail) != 1 || trail[0].Reference != refusalOf(err).Reference || trail[0].Result != "refused" {
		t.Errorf("audit trail %+v", trail)
	}
}

func TestAGarbledVersionIsTakenOutOfUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cb := w.begin(t)
	w.vault.corrupt = true
	_, err := w.flow.Complete(t.Context(), cb)
	wantRefusal(t, err, http.StatusServiceUnavailable, "could not be stored")
	all, _ := w.vault.Versions(t.Context(), connection)
	if len(all) != 1 || all[0].Enabled {
		t.Errorf("versions %+v, want one, disabled", all)
	}
}
