package ledgertest_test

import (
	"errors"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(*testing.T) ledgertest.Store { return ledgertest.NewMemory(nil) })
}

func TestHooks(t *testing.T) {
	t.Parallel()
	m := ledgertest.NewMemory(nil)
	crash := errors.New("crash")
	for _, row := range []struct {
		phase ledgertest.Phase
		put   int // runs there after the failed call
	}{
		{ledgertest.Before, 0},
		{ledgertest.After, 1},
	} {
		m.FailOnce(row.phase, "AddRun", crash)
		if err := m.AddRun(t.Context(), ledger.Run{ID: "r"}); !errors.Is(err, crash) {
			t.Errorf("%s: error %v, want the hook's", row.phase, err)
		}
		if all, err := m.Runs(t.Context(), 0); err != nil || len(all) != row.put {
			t.Errorf("%s: %d runs and error %v, want %d", row.phase, len(all), err, row.put)
		}
	}
	if err := m.AddRun(t.Context(), ledger.Run{ID: "s"}); err != nil {
		t.Error("it failed twice:", err)
	}
}

func TestHookOfOutcomes(t *testing.T) {
	t.Parallel()
	m := ledgertest.NewMemory(nil)
	crash := errors.New("crash")
	for _, phase := range []ledgertest.Phase{ledgertest.Before, ledgertest.After} {
		m.FailOnce(phase, "Outcomes", crash)
		if _, err := ledger.Tally(m.Outcomes(t.Context(), "r")); !errors.Is(err, crash) {
			t.Errorf("%s: error %v, want the hook's", phase, err)
		}
	}
}
