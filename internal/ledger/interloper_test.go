package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// interrupted is a table on which somebody else gets in between the first
// reading and the first writing: the worst moment, every time.
type interrupted struct {
	rows.Table
	once *sync.Once
	act  func()
}

func (i interrupted) Insert(ctx context.Context, r rows.Row) error {
	i.once.Do(i.act)
	return i.Table.Insert(ctx, r)
}

func (i interrupted) Replace(ctx context.Context, r rows.Row) error {
	i.once.Do(i.act)
	return i.Table.Replace(ctx, r)
}

func (i interrupted) Upsert(ctx context.Context, r rows.Row) error {
	i.once.Do(i.act)
	return i.Table.Upsert(ctx, r)
}

func (i interrupted) Apply(ctx context.Context, actions []rows.Action) error {
	i.once.Do(i.act)
	return i.Table.Apply(ctx, actions)
}

// race is a calm ledger, and a slow one over the same table that is overtaken
// by act.
func race(act func(calm *ledger.Ledger)) (calm, slow *ledger.Ledger) {
	table := rows.NewMemory()
	calm = ledger.Over(func(string) rows.Table { return table }, nil)
	late := interrupted{table, &sync.Once{}, func() { act(calm) }}
	return calm, ledger.Over(func(string) rows.Table { return late }, nil)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOvertakenConsumer(t *testing.T) {
	t.Parallel()
	calm, slow := race(func(calm *ledger.Ledger) {
		_, err := calm.ConsumeState(t.Context(), "s", at(1))
		check(t, err)
	})
	check(t, calm.PutState(t.Context(), ledger.ConsentState{ID: "s", ExpiresAt: at(15)}))
	if _, err := slow.ConsumeState(t.Context(), "s", at(1)); !errors.Is(err, ledger.ErrStateUsed) {
		t.Errorf("error %v, want ErrStateUsed", err)
	}
}

func TestOvertakenOutcome(t *testing.T) {
	t.Parallel()
	outcome := func(state sam.OutcomeState, try int) ledger.Outcome {
		return ledger.Outcome{Run: "run-1", Customer: alice, Task: "health", State: state, Try: try}
	}
	for name, before := range map[string][]ledger.Outcome{
		"no row yet":  nil,
		"an open row": {outcome(sam.Retry, 1)},
	} {
		calm, slow := race(func(calm *ledger.Ledger) { check(t, calm.PutOutcome(t.Context(), outcome(sam.Done, 2))) })
		for _, o := range before {
			check(t, calm.PutOutcome(t.Context(), o))
		}
		check(t, slow.PutOutcome(t.Context(), outcome(sam.Failed, 1)))
		have, err := calm.Outcome(t.Context(), "run-1", alice, "health")
		if err != nil || have.State != sam.Done || have.Try != 2 {
			t.Errorf("%s: %s of try %d, error %v", name, have.State, have.Try, err)
		}
	}
}

func TestOvertakenExpectation(t *testing.T) {
	t.Parallel()
	expected := []ledger.Outcome{
		{Run: "run-1", Customer: alice, Task: "health", State: sam.Expected},
		{Run: "run-1", Customer: bob, Task: "health", State: sam.Expected},
	}
	calm, slow := race(func(calm *ledger.Ledger) {
		done := expected[0]
		done.State = sam.Done
		check(t, calm.PutOutcome(t.Context(), done))
	})
	check(t, slow.Expect(t.Context(), expected))
	sums, err := ledger.Tally(calm.Outcomes(t.Context(), "run-1"))
	if err != nil || sums.Done != 1 || sums.Pending != 1 {
		t.Errorf("sums %+v, error %v", sums, err)
	}
}

func TestOvertakenAccess(t *testing.T) {
	t.Parallel()
	calm, slow := race(func(calm *ledger.Ledger) {
		check(t, calm.SetAccess(t.Context(), alice, sam.NoGDAP, "Newer.", at(5)))
	})
	check(t, calm.PutCustomers(t.Context(), []sam.Customer{{ID: alice, SeenAt: at(1)}}))
	check(t, slow.SetAccess(t.Context(), alice, sam.ConsentMissing, "Older.", at(4)))
	all, err := calm.Customers(t.Context())
	if err != nil || len(all) != 1 || all[0].Access != sam.NoGDAP {
		t.Errorf("customers %+v, error %v", all, err)
	}
}

func TestOvertakenObservation(t *testing.T) {
	t.Parallel()
	a := []sam.Finding{{Key: "a"}}
	for name, row := range map[string]struct {
		before   []sam.Finding // observed at minute 0, if at all
		observed bool
		slow     []sam.Finding // observed at minute 1
		quick    []sam.Finding // observed at minute 2, applied first
		events   int           // unannounced in the end
	}{
		"never observed before, nothing there any more": {slow: a, quick: nil, events: 0},
		"observed before, nothing there any more":       {observed: true, slow: a, quick: nil, events: 0},
		"never observed before, both see it":            {slow: a, quick: a, events: 1},
		"open before, still open":                       {observed: true, before: a, slow: nil, quick: a, events: 1},
		"open before, both see it gone":                 {observed: true, before: a, slow: nil, quick: nil, events: 2},
	} {
		calm, slow := race(func(calm *ledger.Ledger) {
			_, err := calm.Reconcile(t.Context(), "run-2", alice, "health", row.quick, at(2))
			check(t, err)
		})
		if row.observed {
			_, err := calm.Reconcile(t.Context(), "run-0", alice, "health", row.before, at(0))
			check(t, err)
		}
		if _, err := slow.Reconcile(t.Context(), "run-1", alice, "health", row.slow, at(1)); err != nil {
			t.Fatal(name, err)
		}
		open, err := calm.OpenFindings(t.Context())
		check(t, err)
		unsent, err := calm.Unannounced(t.Context(), 0)
		check(t, err)
		if len(open) != len(row.quick) || len(unsent) != row.events {
			t.Errorf("%s: %d open and %d events, want %d and %d", name, len(open), len(unsent), len(row.quick), row.events)
		}
	}
}
