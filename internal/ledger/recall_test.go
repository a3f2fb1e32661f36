package ledger_test

import (
	"context"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// counted counts how often single rows are read.
type counted struct {
	rows.Table
	gets *int
}

func (c counted) Get(ctx context.Context, k rows.Key) (rows.Row, error) {
	*c.gets++
	return c.Table.Get(ctx, k)
}

// shownJob is a ledger that was just asked for a job of one open task, and how
// many rows it has read one by one; others write through calm.
func shownJob(t *testing.T) (l, calm *ledger.Ledger, expected ledger.Outcome, gets *int) {
	t.Helper()
	table, n := rows.NewMemory(), 0
	calm = ledger.Over(func(string) rows.Table { return table }, nil)
	l = ledger.Over(func(string) rows.Table { return counted{table, &n} }, nil)
	expected = ledger.Outcome{Run: "run", Customer: "c0000000-0000-4000-8000-000000000001", Task: "health", State: sam.Expected, UpdatedAt: at(0)}
	check(t, l.Expect(t.Context(), []ledger.Outcome{expected}))
	if job, err := l.Job(t.Context(), expected.Run, expected.Customer); err != nil || len(job) != 1 {
		t.Fatalf("job %+v, %v", job, err)
	}
	return l, calm, expected, &n
}

func become(o ledger.Outcome, state sam.OutcomeState, try int) ledger.Outcome {
	o.State, o.Try = state, try
	return o
}

func stateOf(t *testing.T, l *ledger.Ledger, o ledger.Outcome) sam.OutcomeState {
	t.Helper()
	have, err := l.Outcome(t.Context(), o.Run, o.Customer, o.Task)
	check(t, err)
	return have.State
}

func TestOutcomeOfAJobIsNotReadAgain(t *testing.T) {
	t.Parallel()
	l, calm, o, gets := shownJob(t)
	check(t, l.PutOutcome(t.Context(), become(o, sam.Done, 1)))
	if *gets != 0 || stateOf(t, calm, o) != sam.Done {
		t.Errorf("%d rows read, state %s", *gets, stateOf(t, calm, o))
	}
	check(t, l.PutOutcome(t.Context(), become(o, sam.Failed, 1))) // what was shown is used up
	if *gets != 1 || stateOf(t, calm, o) != sam.Done {
		t.Errorf("%d rows read, state %s", *gets, stateOf(t, calm, o))
	}
}

func TestOutcomeShownTooLongAgoIsReadAgain(t *testing.T) {
	t.Parallel()
	l, calm, o, gets := shownJob(t)
	check(t, calm.PutOutcome(t.Context(), become(o, sam.Done, 1)))
	check(t, l.PutOutcome(t.Context(), become(o, sam.Failed, 1)))
	if *gets != 1 || stateOf(t, calm, o) != sam.Done {
		t.Errorf("%d rows read, state %s: another delivery's success was undone", *gets, stateOf(t, calm, o))
	}
}
