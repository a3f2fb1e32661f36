package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func at(minutes int) time.Time {
	return time.Date(2026, 11, 21, 12, minutes, 0, 0, time.UTC)
}

// errCrash ends a call in the middle.
var errCrash = errors.New("crash")

// crashing is a table that stops working after some transactions; the last one
// is applied, but its answer is lost when lost is set.
type crashing struct {
	rows.Table
	left int
	lost bool
}

func (c *crashing) Apply(ctx context.Context, actions []rows.Action) error {
	if c.left--; c.left < 0 {
		if c.lost {
			return errors.Join(c.Table.Apply(ctx, actions), errCrash)
		}
		return errCrash
	}
	return c.Table.Apply(ctx, actions)
}

// TestReconcileSurvivesACrashAnywhere stops an observation that takes several
// transactions after each of them, observes again later, and counts: every
// finding must have been opened exactly once.
func TestReconcileSurvivesACrashAnywhere(t *testing.T) {
	t.Parallel()
	var now []sam.Finding
	for i := range 130 {
		now = append(now, sam.Finding{Key: fmt.Sprint("key|", i)})
	}
	for _, lost := range []bool{false, true} {
		for steps := range 4 {
			table := rows.NewMemory()
			broken := ledger.Over(func(string) rows.Table { return &crashing{table, steps, lost} }, nil)
			_, err := broken.Reconcile(t.Context(), "run-1", alice, "health", now, at(1))
			if err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			healed := ledger.Over(func(string) rows.Table { return table }, nil)
			events, err := healed.Reconcile(t.Context(), "run-2", alice, "health", now, at(2))
			if err != nil {
				t.Fatal(err)
			}
			opened := map[string]int{}
			for _, e := range events {
				opened[e.Type+e.Finding.ID]++
			}
			if len(events) != 130 || len(opened) != 130 {
				t.Errorf("crash after %d transactions (answer lost: %v): %d events about %d findings, want 130", steps, lost, len(events), len(opened))
			}
		}
	}
}
