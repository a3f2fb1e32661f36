package rotation_test

import (
	"errors"
	"testing"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// fleet is a world of n fresh connections.
func fleet(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld()
	for i := range n {
		w.consent(t, connectionNumber(i))
	}
	return w
}

func TestRotateDueReachesEveryConnectionOnce(t *testing.T) {
	t.Parallel()
	w := fleet(t, 25)
	for _, want := range []rotation.State{rotation.Rotated, rotation.NotDue} {
		report, err := w.rotator().RotateDue(t.Context())
		if err != nil || report.Count(want) != 25 || !report.At.Equal(w.clock()) {
			t.Fatalf("got %+v, %v, want 25 %s", report, err, want)
		}
		for i, r := range report.Results {
			if r.Connection != connectionNumber(i) {
				t.Errorf("result %d is of %s", i, r.Connection)
			}
		}
	}
}

func TestAConnectionWhoseRowIsLostIsFoundInTheVault(t *testing.T) {
	t.Parallel()
	w := fleet(t, 1)
	w.ledger = ledgertest.NewMemory(w.clock)
	report, err := w.rotator().RotateDue(t.Context())
	if err != nil || report.Count(rotation.Rotated) != 1 {
		t.Fatalf("got %+v, %v", report, err)
	}
	row := w.row(t, connectionNumber(0))
	if row.UPN == "" || row.Kind != sam.PartnerConnection || row.App != app || row.Cloud != "public" || row.Version == "" {
		t.Errorf("the row was not made anew: %+v", row)
	}
}

func TestALostRowIsMadeAnewEvenIfTheRotationFails(t *testing.T) {
	t.Parallel()
	w := fleet(t, 1)
	w.ledger = ledgertest.NewMemory(w.clock)
	refusing(sam.ClassRetry, "", 0)(t, w)
	if _, err := w.rotator().RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	row, v := w.row(t, connectionNumber(0)), w.current(t, connectionNumber(0))
	if row.Problem == nil || row.UPN == "" || !row.MFA || row.Version != v.ID || !row.Expires.Equal(v.Expires) {
		t.Errorf("row %+v", row)
	}
}

func TestARowWithoutTokenIsRaised(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if err := w.ledger.PutConnection(t.Context(), ledger.Connection{ID: connection}); err != nil {
		t.Fatal(err)
	}
	report, err := w.rotator().RotateDue(t.Context())
	if err != nil || report.Count(rotation.Failed) != 1 || len(w.raised) != 1 || w.raised[0].Problem.Class != sam.ClassReconsent {
		t.Errorf("got %+v, %v, raised %+v", report, err, w.raised)
	}
}

func TestOneListIsEnough(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	tests := []struct {
		name    string
		spoil   func(*world)
		rotated int
	}{
		{"ledger's list down", func(w *world) { w.ledger.FailOnce(ledgertest.Before, "Connections", down) }, 2},
		{"vault's list down", func(w *world) { failVault(w, "Connections", down) }, 2},
		{"both down", func(w *world) {
			w.ledger.FailOnce(ledgertest.Before, "Connections", down)
			failVault(w, "Connections", down)
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := fleet(t, 2)
			tt.spoil(w)
			report, err := w.rotator().RotateDue(t.Context())
			if !errors.Is(err, down) || report.Count(rotation.Rotated) != tt.rotated {
				t.Errorf("got %+v, %v, want %d rotated", report, err, tt.rotated)
			}
		})
	}
}

func TestOneFailureLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	w := fleet(t, 10)
	w.entra.twist = func(_ string, g *grant, _ *entra.Tokens) error {
		if g.conn == connectionNumber(4) {
			return refusal(sam.ClassReconsent, "AADSTS50173")
		}
		return nil
	}
	report, err := w.rotator().RotateDue(t.Context())
	if err != nil || report.Count(rotation.Rotated) != 9 || report.Results[4].State != rotation.Failed {
		t.Errorf("got %+v, %v", report, err)
	}
}
