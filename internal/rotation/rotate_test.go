package rotation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

func TestRotateRenewsProvesAndRetires(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	before := w.versions(t)
	result, err := w.rotator().Rotate(t.Context(), connection, false)
	if err != nil {
		t.Fatal(err)
	}
	w.wantHealthy(t)
	after := w.versions(t)
	want := rotation.Result{
		Connection: connection, State: rotation.Rotated, Reason: result.Reason,
		From: before[0].ID, To: after[0].ID, Expires: after[0].Expires,
		Next: w.clock().Add(rotation.Interval + rotation.Jitter(connection)),
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Error(diff)
	}
	var enabled []bool
	for _, v := range after {
		enabled = append(enabled, v.Enabled)
	}
	if diff := cmp.Diff([]bool{true, true, false, false}, enabled); diff != "" {
		t.Errorf("new and previous stay enabled, nothing is deleted: %s", diff)
	}
	if v := after[0]; v.Source != vault.SourceRotation || v.App != app || v.Cloud != "public" || v.UPN == "" || v.Kind != sam.PartnerConnection || !v.RedeemedAt.Equal(w.clock()) {
		t.Errorf("version %+v", v)
	}
	if last := w.stored[len(w.stored)-1]; last != connection {
		t.Errorf("told of %s", last)
	}
}

func TestRotateNotDue(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	for _, want := range []rotation.State{rotation.Rotated, rotation.NotDue} {
		if r, err := w.rotator().Rotate(t.Context(), connection, false); err != nil || r.State != want {
			t.Errorf("got %+v, %v, want %s", r, err, want)
		}
	}
	if r, err := w.rotator().Rotate(t.Context(), connection, true); err != nil || r.State != rotation.Rotated {
		t.Errorf("forced: %+v, %v", r, err)
	}
}

func TestSwitchedOffIsNotRotatedEvenByForce(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	row := w.row(t, connection)
	row.Disabled = true
	if err := w.ledger.PutConnection(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	r, err := w.rotator().Rotate(t.Context(), connection, true)
	if err != nil || r.State != rotation.NotDue || w.entra.tried() != 0 {
		t.Errorf("got %+v, %v after %d redemptions", r, err, w.entra.tried())
	}
}

func TestAHeldLeaseIsNoFailure(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	if _, err := w.locks.acquire("rotate-"+string(connection), time.Minute); err != nil {
		t.Fatal(err)
	}
	r, err := w.rotator().Rotate(t.Context(), connection, true)
	if err != nil || r.State != rotation.Held {
		t.Errorf("got %+v, %v", r, err)
	}
	if w.row(t, connection).Problem != nil {
		t.Error("a held lease is on record as a problem")
	}
}

func TestABadNewTokenIsTakenOutOfUse(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	old := w.current(t, connection)
	w.entra.twist = func(token string, _ *grant, _ *entra.Tokens) error {
		if token != old.Token.Reveal() {
			return refusal(sam.ClassReconsent, "AADSTS70000")
		}
		return nil
	}
	r, err := w.rotator().Rotate(t.Context(), connection, false)
	if r.State != rotation.Failed || sam.AsProblem(err).Code != "new_token_refused" || sam.ClassOf(err) != sam.ClassRetry {
		t.Fatalf("got %+v, %v", r, err)
	}
	if now := w.current(t, connection); now.ID != old.ID {
		t.Errorf("version %s is in use, want the old one, %s", now.ID, old.ID)
	}
	if len(w.raised) != 0 {
		t.Errorf("a person was called for a connection that works: %+v", w.raised)
	}
	w.entra.twist = nil
	w.wait(time.Hour)
	if _, err := w.rotator().RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantHealthy(t)
}

func TestAGrantRevokedBeforeTheProofIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	w, g := seasoned(t)
	m := &machine{}
	redemptions := 0
	m.beforeAny = func(_ int, name string) {
		if name == "Redeem" {
			redemptions++
			g.revoked = redemptions > 1
		}
	}
	_, err := rotation.New(w.deps(m)).Rotate(t.Context(), connection, false)
	if sam.ClassOf(err) != sam.ClassReconsent || len(w.raised) != 1 {
		t.Errorf("got %v, raised %d times", err, len(w.raised))
	}
	for i, v := range w.versions(t)[:2] {
		if !v.Enabled {
			t.Errorf("version %d was disabled", i)
		}
	}
}

func TestAnUnprovedVersionIsReplacedByTheOneBelow(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	bad := w.current(t, connection)
	bad.Token, bad.RedeemedAt = sam.NewSecret("refresh-token-cut-short"), w.clock()
	if _, err := w.vault.Put(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	r, err := w.rotator().Rotate(t.Context(), connection, false)
	if err != nil || r.State != rotation.Rotated {
		t.Fatalf("got %+v, %v", r, err)
	}
	w.wantHealthy(t)
}

func TestARefusedConsentIsNotReplacedByAnOlderGrant(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	w.consent(t, connection).revoked = true
	r, err := w.rotator().Rotate(t.Context(), connection, false)
	if r.State != rotation.Failed || sam.ClassOf(err) != sam.ClassReconsent {
		t.Errorf("got %+v, %v", r, err)
	}
	if v := w.current(t, connection); v.Source != vault.SourceConsent {
		t.Error("the older grant took the consent's place")
	}
}

func TestAConsentBeforeTheWriteMeansNoWrite(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	m := &machine{}
	m.beforeAny = func(_ int, name string) {
		if name == "Redeem" {
			w.consent(t, connection)
		}
	}
	before := len(w.versions(t))
	r, err := rotation.New(w.deps(m)).Rotate(t.Context(), connection, false)
	if err != nil || r.State != rotation.Overtaken {
		t.Errorf("got %+v, %v", r, err)
	}
	if now := len(w.versions(t)); now != before+1 {
		t.Errorf("%d versions were stored, want the consent's alone", now-before)
	}
	if row := w.row(t, connection); row.Problem != nil || !row.ProvedAt.IsZero() {
		t.Errorf("the consent's status was overwritten: %+v", row)
	}
}

func TestALostLeaseMeansNoWrite(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	m := &machine{}
	m.beforeAny = func(_ int, name string) {
		if name == "Redeem" {
			w.wait(2 * time.Minute)
			if _, err := w.locks.acquire("rotate-"+string(connection), time.Minute); err != nil {
				t.Error(err)
			}
		}
	}
	before := w.enabled(t)
	r, err := rotation.New(w.deps(m)).Rotate(t.Context(), connection, false)
	if err != nil || r.State != rotation.Held {
		t.Errorf("got %+v, %v", r, err)
	}
	if diff := cmp.Diff(before, w.enabled(t)); diff != "" {
		t.Errorf("the vault has changed: %s", diff)
	}
	if row := w.row(t, connection); row.Problem != nil {
		t.Errorf("a lost lease is on record as a problem: %+v", row.Problem)
	}
}

func TestWithoutAuditIntentNothingIsRedeemed(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	w.ledger.FailOnce(ledgertest.Before, "Record", errors.New("table down"))
	r, err := w.rotator().Rotate(t.Context(), connection, false)
	if err == nil || r.State != rotation.Failed || w.entra.tried() != 0 {
		t.Errorf("got %+v, %v after %d redemptions", r, err, w.entra.tried())
	}
}

func TestAStatusThatCannotBeWrittenIsToldNotHidden(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	w.ledger.FailOnce(ledgertest.Before, "PutConnection", errors.New("table down"))
	r, err := w.rotator().Rotate(t.Context(), connection, false)
	if err != nil || r.State != rotation.Rotated || r.Err == nil {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestACallerThatGoesAwayIsNoProblemOfTheConnection(t *testing.T) {
	t.Parallel()
	w, _ := seasoned(t)
	ctx, cancel := context.WithCancel(t.Context())
	m := &machine{beforeAny: func(_ int, name string) {
		if name == "Redeem" {
			cancel()
		}
	}}
	r, err := rotation.New(w.deps(m)).Rotate(ctx, connection, false)
	if r.State != rotation.Failed || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", r, err)
	}
	if row := w.row(t, connection); row.Problem != nil || row.Attempts != 0 {
		t.Errorf("status %+v", row)
	}
	if _, err := w.locks.acquire("rotate-"+string(connection), time.Minute); err != nil {
		t.Error("the lease was not released:", err)
	}
}

func TestUnknownConnectionsGetNoRow(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r, err := w.rotator().Rotate(t.Context(), connection, true)
	if r.State != rotation.Failed || !errors.Is(err, vault.ErrAbsent) {
		t.Errorf("got %+v, %v", r, err)
	}
	if rows, _ := w.ledger.Connections(t.Context()); len(rows) != 0 {
		t.Errorf("rows %+v", rows)
	}
}
