package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestSupersedes(t *testing.T) {
	t.Parallel()
	of := func(state sam.OutcomeState, try int) ledger.Outcome { return ledger.Outcome{State: state, Try: try} }
	for name, row := range map[string]struct {
		recorded, next ledger.Outcome
		want           bool
	}{
		"the first result":                  {of(sam.Expected, 0), of(sam.Done, 1), true},
		"never back to expected":            {of(sam.Retry, 1), of(sam.Expected, 0), false},
		"another retry":                     {of(sam.Retry, 1), of(sam.Retry, 2), true},
		"a late success of an earlier try":  {of(sam.Retry, 3), of(sam.Done, 2), true},
		"a final row does not reopen":       {of(sam.Failed, 1), of(sam.Retry, 2), false},
		"nor for a success":                 {of(sam.Failed, 3), of(sam.Done, 3), false},
		"nor for a success of a later try":  {of(sam.Failed, 5), of(sam.Done, 6), false},
		"a success is not undone":           {of(sam.Done, 3), of(sam.Failed, 4), false},
		"a skip is not undone":              {of(sam.Skipped, 1), of(sam.Done, 1), false},
		"a success again, with new numbers": {of(sam.Done, 3), of(sam.Done, 3), false},
	} {
		if have := row.next.Supersedes(row.recorded); have != row.want {
			t.Errorf("%s: %v, want %v", name, have, row.want)
		}
	}
}

func TestTallyStopsAtAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var seq iter.Seq2[ledger.Outcome, error] = func(yield func(ledger.Outcome, error) bool) {
		_ = yield(ledger.Outcome{State: sam.Done}, nil) && yield(ledger.Outcome{}, broken)
	}
	sums, err := ledger.Tally(seq)
	if !errors.Is(err, broken) || sums.Done != 1 || sums.Final() != 1 {
		t.Errorf("sums %+v, error %v", sums, err)
	}
}

// restless is a table whose rows somebody else changes all the time.
type restless struct{ rows.Table }

func (restless) Replace(context.Context, rows.Row) error    { return rows.ErrChanged }
func (restless) Insert(context.Context, rows.Row) error     { return rows.ErrExists }
func (restless) Apply(context.Context, []rows.Action) error { return rows.ErrConflict }

func TestGivesUpWhenOthersAreAlwaysFaster(t *testing.T) {
	t.Parallel()
	table := rows.NewMemory()
	calm := ledger.Over(func(string) rows.Table { return table }, nil)
	if err := calm.PutCustomers(t.Context(), []sam.Customer{{ID: alice}}); err != nil {
		t.Fatal(err)
	}
	l := ledger.Over(func(string) rows.Table { return restless{table} }, nil)
	_, err := l.Reconcile(t.Context(), "run-1", alice, "health", nil, at(1))
	for name, err := range map[string]error{
		"PutOutcome": l.PutOutcome(t.Context(), ledger.Outcome{Run: "run-1", Customer: alice, State: sam.Done}),
		"SetAccess":  l.SetAccess(t.Context(), alice, sam.NoGDAP, "", at(1)),
		"Reconcile":  err,
	} {
		if !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("%s: error %v, want ErrBusy", name, err)
		}
	}
}

// tallied is a table that counts what is asked of it.
type tallied struct {
	rows.Table
	writes, singles *atomic.Int64
}

func (c tallied) Insert(ctx context.Context, r rows.Row) error {
	c.singles.Add(1)
	return c.Table.Insert(ctx, r)
}

func (c tallied) Apply(ctx context.Context, actions []rows.Action) error {
	c.writes.Add(1)
	return c.Table.Apply(ctx, actions)
}

// TestWhoCompletesARunNeedsFewCalls: a writer died with half of the expected
// rows written, in the middle of everybody's batch. Row by row, a storm that
// ends writers every few seconds would keep the run from ever being open.
func TestWhoCompletesARunNeedsFewCalls(t *testing.T) {
	t.Parallel()
	var writes, singles atomic.Int64
	table := tallied{rows.NewMemory(), &writes, &singles}
	book := ledger.Over(func(string) rows.Table { return table }, nil)
	var all, half []ledger.Outcome
	for i := range 2000 {
		o := ledger.Outcome{Run: "r", Customer: sam.CustomerID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)), Task: "health", State: sam.Expected}
		if all = append(all, o); i%2 == 0 {
			half = append(half, o)
		}
	}
	check(t, book.Expect(t.Context(), half))
	writes.Store(0)
	check(t, book.Expect(t.Context(), all))
	if w, s := writes.Load(), singles.Load(); w > 2*20 || s > 0 {
		t.Errorf("%d transactions and %d single rows for 20 batches", w, s)
	}
	sums, err := ledger.Tally(book.Outcomes(t.Context(), "r"))
	if check(t, err); sums.Pending != len(all) {
		t.Errorf("%d outcomes, want %d", sums.Pending, len(all))
	}
}
