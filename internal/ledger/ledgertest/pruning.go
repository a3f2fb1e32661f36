package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// PruneRuns implements Store.
func (m *Memory) PruneRuns(ctx context.Context, before time.Time, limit int) (runs, outcomes int, err error) {
	err = m.do("PruneRuns", func() (err error) {
		runs, outcomes, err = m.ledger.PruneRuns(ctx, before, limit)
		return err
	})
	return runs, outcomes, err
}

// PruneTrail implements Store.
func (m *Memory) PruneTrail(ctx context.Context, before time.Time, limit int) (int, error) {
	return of(m, "PruneTrail", func() (int, error) { return m.ledger.PruneTrail(ctx, before, limit) })
}

// PruneStates implements Store.
func (m *Memory) PruneStates(ctx context.Context, before time.Time, limit int) (int, error) {
	return of(m, "PruneStates", func() (int, error) { return m.ledger.PruneStates(ctx, before, limit) })
}

// ForgetCustomer implements Store.
func (m *Memory) ForgetCustomer(ctx context.Context, id sam.CustomerID, at time.Time) (bool, error) {
	return of(m, "ForgetCustomer", func() (bool, error) { return m.ledger.ForgetCustomer(ctx, id, at) })
}

var pruning = []promise{
	{"old runs that are over go with their outcomes, a bounded number at a time", prunesRuns},
	{"an old run that goes on is not pruned", keepsRuns},
	{"old audit lines go, but not those of an open problem", prunesTrail},
	{"old consent states go", prunesStates},
	{"a customer goes when the end of its findings was told", forgetsCustomer},
}

// ran adds a run of some days after noon, in a state, with n customers.
func ran(t *testing.T, s Store, day int, state ledger.RunState, n int) string {
	t.Helper()
	opened := noon.AddDate(0, 0, day)
	id := opened.Format("20060102T150405Z") + "-0000"
	must(t, s.AddRun(t.Context(), ledger.Run{ID: id, State: state, Opened: opened, Expected: 2 * n}))
	if n > 0 {
		must(t, s.Expect(t.Context(), expectation(id, n)))
	}
	return id
}

func prunesRuns(t *testing.T, s Store) {
	old, older := ran(t, s, 1, ledger.RunClosed, 60), ran(t, s, 0, ledger.RunCancelled, 70)
	young := ran(t, s, 10, ledger.RunClosed, 1)
	must(t, s.Beat(t.Context(), at(0), "SuperviseRuns"))
	before, runs, outcomes := noon.AddDate(0, 0, 5), 0, 0
	for round := range 3 {
		r, o, err := s.PruneRuns(t.Context(), before, 130)
		must(t, err)
		if o > 130 {
			t.Errorf("round %d removed %d outcomes", round, o)
		}
		runs, outcomes = runs+r, outcomes+o
	}
	same(t, []int{2, 260}, []int{runs, outcomes})
	for _, id := range []string{old, older} {
		if _, err := s.Run(t.Context(), id); !errors.Is(err, ledger.ErrAbsent) || len(all(t, s, id)) > 0 {
			t.Errorf("run %s: %v, and %d outcomes", id, err, len(all(t, s, id)))
		}
	}
	same(t, expectation(young, 1), all(t, s, young))
	beats, err := s.Heartbeats(t.Context())
	same(t, 1, len(got(t, beats, err)))
}

func keepsRuns(t *testing.T, s Store) {
	ids := []string{ran(t, s, 0, ledger.RunOpen, 1), ran(t, s, 1, ledger.RunWriting, 1), ran(t, s, 2, ledger.RunCancelled, 1)}
	_, _, err := s.ChangeRun(t.Context(), ids[2], func(r *ledger.Run) bool { r.Closed = noon.AddDate(0, 0, 9); return true })
	must(t, err)
	runs, outcomes, err := s.PruneRuns(t.Context(), noon.AddDate(0, 0, 5), 1000)
	must(t, err)
	same(t, []int{0, 0}, []int{runs, outcomes})
	for _, id := range ids {
		same(t, expectation(id, 1), all(t, s, id))
	}
}

func prunesTrail(t *testing.T, s Store) {
	sick, well := connection("a0000000-0000-4000-8000-000000000000"), connection("b0000000-0000-4000-8000-000000000000")
	sick.Problem, well.Problem, well.Warning, well.BrokenAt = &ledger.ConnectionProblem{Class: sam.ClassReconsent}, nil, nil, time.Time{}
	must(t, s.PutConnection(t.Context(), sick))
	must(t, s.PutConnection(t.Context(), well))
	for _, subject := range []string{string(sick.ID), string(well.ID), string(customer(1))} {
		for minute := range 4 {
			must(t, s.Record(t.Context(), ledger.Audit{At: at(10 * minute), Action: "x", Subject: subject}))
		}
	}
	for _, want := range []int{3, 1, 0} {
		n, err := s.PruneTrail(t.Context(), at(15), 3)
		same(t, want, got(t, n, err))
	}
	for subject, want := range map[string]int{string(sick.ID): 4, string(well.ID): 2, string(customer(1)): 2} {
		trail, err := s.AuditTrail(t.Context(), subject, 0)
		same(t, want, len(got(t, trail, err)))
	}
}

func prunesStates(t *testing.T, s Store) {
	for i := range 4 {
		must(t, s.PutState(t.Context(), ledger.ConsentState{ID: fmt.Sprint(i), CreatedAt: at(i), ExpiresAt: at(10 + i)}))
	}
	_, err := s.ConsumeState(t.Context(), "0", at(1))
	must(t, err)
	n, err := s.PruneStates(t.Context(), at(12), 100)
	same(t, 2, got(t, n, err))
	for id, want := range map[string]error{"0": ledger.ErrStateUnknown, "1": ledger.ErrStateUnknown, "2": nil, "3": nil} {
		if _, err := s.ConsumeState(t.Context(), id, at(2)); !errors.Is(err, want) {
			t.Errorf("state %s: %v", id, err)
		}
	}
}

func forgetsCustomer(t *testing.T, s Store) {
	must(t, s.PutCustomers(t.Context(), []sam.Customer{{ID: customer(1)}, {ID: customer(2)}}))
	must(t, s.MarkAnnounced(t.Context(), observe(t, s, at(1), "a", "b")))
	gone, err := s.ForgetCustomer(t.Context(), customer(1), at(9))
	same(t, false, got(t, gone, err))
	unsent, err := s.Unannounced(t.Context(), 0)
	same(t, map[string]int{"closed a": 1, "closed b": 1}, told(got(t, unsent, err)))
	gone, err = s.ForgetCustomer(t.Context(), customer(1), at(10))
	same(t, false, got(t, gone, err))
	must(t, s.MarkAnnounced(t.Context(), unsent))
	gone, err = s.ForgetCustomer(t.Context(), customer(1), at(11))
	same(t, true, got(t, gone, err))
	left, err := s.Customers(t.Context())
	same(t, []sam.Customer{{ID: customer(2)}}, got(t, left, err))
	same(t, map[string]bool{}, openKeys(t, s))
}
