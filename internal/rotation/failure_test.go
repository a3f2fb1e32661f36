package rotation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// failure is one way for a rotation to fail, and what must be on record then.
type failure struct {
	name   string
	spoil  func(*testing.T, *world)
	state  rotation.State
	class  sam.Class
	code   string
	next   time.Duration
	raised bool
}

func refusing(class sam.Class, code string, wait time.Duration) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) {
		w.entra.twist = func(string, *grant, *entra.Tokens) error {
			p := refusal(class, code)
			p.RetryAfter = wait
			return p
		}
	}
}

func answering(change func(*entra.Tokens)) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) {
		w.entra.twist = func(_ string, _ *grant, a *entra.Tokens) error { change(a); return nil }
	}
}

func disableAll(t *testing.T, w *world) {
	t.Helper()
	for _, v := range w.versions(t) {
		if err := w.vault.Disable(t.Context(), connection, v.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// restored stores the current token once more, with other tags.
func restored(change func(*vault.Version)) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		v := w.current(t, connection)
		change(&v)
		if _, err := w.vault.Put(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
}

func failures() []failure {
	other := sam.NewConnectionID(connection.Tenant(), "99999999-9999-4999-8999-999999999999")
	return []failure{
		{"outage", refusing(sam.ClassRetry, "", 0), rotation.Failed, sam.ClassRetry, "", time.Hour, false},
		{"told to wait 3 hours", refusing(sam.ClassRetry, "AADSTS90055", 3*time.Hour), rotation.Failed, sam.ClassRetry, "AADSTS90055", 3 * time.Hour, false},
		{"told to wait a year", refusing(sam.ClassRetry, "", 365*day), rotation.Failed, sam.ClassRetry, "", 32 * time.Hour, false},
		{"app secret expired", refusing(sam.ClassCredential, "AADSTS7000222", 0), rotation.Failed, sam.ClassCredential, "AADSTS7000222", time.Hour, true},
		{"grant revoked", func(_ *testing.T, w *world) {
			for _, g := range w.entra.tokens {
				g.revoked = true
			}
		}, rotation.Failed, sam.ClassReconsent, "AADSTS50173", day, true},
		{"policy", refusing(sam.ClassPolicy, "AADSTS53003", 0), rotation.Failed, sam.ClassPolicy, "AADSTS53003", time.Hour, true},
		{"MFA gone", answering(func(a *entra.Tokens) { a.Access = accessToken(connection, false) }), rotation.Failed, sam.ClassReconsent, "mfa_missing", day, true},
		{"token of another user", answering(func(a *entra.Tokens) { a.Access = accessToken(other, true) }), rotation.Failed, sam.ClassConfiguration, "identity_changed", time.Hour, true},
		{"opaque access token", answering(func(a *entra.Tokens) { a.Access = sam.NewSecret("opaque-access-token") }), rotation.Failed, sam.ClassRetry, "token_unreadable", time.Hour, false},
		{"no new refresh token", answering(func(a *entra.Tokens) { a.Refresh = sam.Secret{} }), rotation.Kept, sam.ClassConfiguration, "no_refresh_token", time.Hour, true},
		{"vault down", func(_ *testing.T, w *world) {
			failVault(w, "Put", &sam.Problem{Op: "store", Class: sam.ClassRetry, Code: "Throttled", Plain: "Busy.", Fix: "Wait."})
		}, rotation.Failed, sam.ClassRetry, "Throttled", time.Hour, false},
		{"vault read only", func(_ *testing.T, w *world) {
			failVault(w, "Put", &sam.Problem{Op: "store", Class: sam.ClassConfiguration, Code: "ForbiddenByRbac", Plain: "No role.", Fix: "Grant it."})
		}, rotation.Failed, sam.ClassConfiguration, "ForbiddenByRbac", time.Hour, true},
		{"something unexplained", func(_ *testing.T, w *world) {
			failVault(w, "Current", errors.New("connection reset"))
		}, rotation.Failed, sam.ClassRetry, "unexpected", time.Hour, false},
		{"every version disabled by hand", disableAll, rotation.Failed, sam.ClassConfiguration, "SecretDisabled", time.Hour, true},
		{"stored for another app", restored(func(v *vault.Version) { v.App = "99999999-9999-4999-8999-999999999999" }), rotation.Failed, sam.ClassConfiguration, "foreign_app", time.Hour, true},
		{"stored in another cloud", restored(func(v *vault.Version) { v.Cloud = "china" }), rotation.Failed, sam.ClassConfiguration, "foreign_cloud", time.Hour, true},
	}
}

func TestFailuresKeepTheTokenAndDecideWhoIsNext(t *testing.T) {
	t.Parallel()
	for _, f := range failures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w, _ := seasoned(t)
			f.spoil(t, w)
			before := w.enabled(t)
			result, _ := w.rotator().Rotate(t.Context(), connection, false)
			if result.State != f.state {
				t.Errorf("got %+v, want %s", result, f.state)
			}
			if diff := cmp.Diff(before, w.enabled(t)); diff != "" {
				t.Errorf("the vault has changed: %s", diff)
			}
			row := w.row(t, connection)
			want := &ledger.ConnectionProblem{Class: f.class, Code: f.code, Since: w.clock(), Raised: f.raised}
			got := *row.Problem
			if got.Plain == "" || got.Fix == "" {
				t.Errorf("nobody can act on %+v", got)
			}
			got.Plain, got.Fix, got.RequestID = "", "", ""
			if diff := cmp.Diff(want, &got); diff != "" {
				t.Error(diff)
			}
			if row.Attempts != 1 || !row.NextAttempt.Equal(w.clock().Add(f.next)) {
				t.Errorf("attempt %d, next in %s, want %s", row.Attempts, row.NextAttempt.Sub(w.clock()), f.next)
			}
			if row.MFA == (f.code == "mfa_missing") {
				t.Errorf("MFA %t on record", row.MFA)
			}
			if f.raised != (len(w.raised) == 1) {
				t.Errorf("raised %d times", len(w.raised))
			}
			w.wantNoSecrets(t, result)
		})
	}
}

// enabled is what can be compared of the versions.
func (w *world) enabled(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, v := range w.versions(t) {
		all[v.ID] = v.Enabled
	}
	return all
}

// failVault makes one method of the vault fail before it does anything.
func failVault(w *world, method string, err error) {
	w.vault.Before(func(name string) error {
		if name == method {
			return err
		}
		return nil
	})
}

// wantNoSecrets fails if a token shows up in what people and logs get to see.
func (w *world) wantNoSecrets(t *testing.T, result rotation.Result) {
	t.Helper()
	trail, err := w.ledger.AuditTrail(t.Context(), string(connection), 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := fmt.Sprintf("%+v %+v %+v %+v", result, result.Err, trail, w.raised)
	b, err := json.Marshal([]any{trail, w.raised, w.row(t, connection), result.Reason})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"refresh-token-", accessToken(connection, true).Reveal(), "opaque-access-token"} {
		if strings.Contains(seen+string(b), secret) {
			t.Errorf("%q is visible in %s %s", secret, seen, b)
		}
	}
}

func TestARefusedConnectionIsRaisedOnceAndProbedDaily(t *testing.T) {
	t.Parallel()
	w, g := seasoned(t)
	g.revoked = true
	start := w.clock()
	for hour := range 72 {
		if _, err := w.rotator().RotateDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := 2 * (hour/24 + 1); w.entra.tried() != want { // the current version and the one below it
			t.Fatalf("after %d hours %d redemptions, want %d", hour, w.entra.tried(), want)
		}
		w.wait(time.Hour)
	}
	if len(w.raised) != 1 || !strings.Contains(w.raised[0].Problem.Fix, "https://keeper.example/api/consent?tenant="+string(connection.Tenant())) {
		t.Errorf("raised %+v, want once, with the consent page", w.raised)
	}
	if row := w.row(t, connection); row.Attempts != 3 || !row.Problem.Since.Equal(start) || !row.Problem.Raised {
		t.Errorf("status %+v", row)
	}
	w.consent(t, connection)
	if _, err := w.rotator().RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantHealthy(t)
}

func TestAProblemThatCannotBeRaisedIsRaisedNextTime(t *testing.T) {
	t.Parallel()
	w, g := seasoned(t)
	g.revoked = true
	d := w.deps(&machine{})
	d.Raise = func(context.Context, ledger.Connection) error { return errors.New("queue down") }
	_, _ = rotation.New(d).Rotate(t.Context(), connection, false)
	if w.row(t, connection).Problem.Raised {
		t.Fatal("marked as raised although it was not")
	}
	w.wait(day)
	_, _ = w.rotator().Rotate(t.Context(), connection, false)
	if len(w.raised) != 1 || !w.row(t, connection).Problem.Raised {
		t.Errorf("raised %+v", w.raised)
	}
}

func TestTheTableOfDelaysIsWalkedAndForgotten(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	refusing(sam.ClassRetry, "", 0)(t, w)
	for failures := 1; failures <= 8; failures++ {
		_, _ = w.rotator().Rotate(t.Context(), connection, false)
		row := w.row(t, connection)
		if row.Attempts != failures || row.NextAttempt.Sub(w.clock()) != rotation.Delay(failures) {
			t.Fatalf("failure %d: %+v", failures, row)
		}
		w.wait(rotation.Delay(failures))
	}
	w.entra.twist = nil
	if _, err := w.rotator().Rotate(t.Context(), connection, false); err != nil {
		t.Fatal(err)
	}
	w.wantHealthy(t)
}
