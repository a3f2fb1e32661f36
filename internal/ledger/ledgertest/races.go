package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var races = []promise{
	{"of many consumers of a state one wins", oneConsumer},
	{"of many who raise the same problem one does", oneRaiser},
	{"racing observations open and close each finding once", onceEach},
	{"of racing outcomes the first final one stays", oneOutcome},
	{"racing expectations lose no row", racingExpectations},
	{"of many who add the same run one does", oneAdder},
	{"racing changes of a run lose none", racingChanges},
}

// together runs n calls at once and waits for them.
func together(n int, call func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	all.Wait()
}

func oneConsumer(t *testing.T, s Store) {
	must(t, s.PutState(t.Context(), ledger.ConsentState{ID: "s", ExpiresAt: at(15)}))
	errs := make([]error, 20)
	together(len(errs), func(i int) { _, errs[i] = s.ConsumeState(t.Context(), "s", noon) })
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ledger.ErrStateUsed) {
			t.Errorf("error %v, want ErrStateUsed", err)
		}
	}
	if won != 1 {
		t.Errorf("%d consumers won, want 1", won)
	}
}

func oneRaiser(t *testing.T, s Store) {
	c := connection("a0000000-0000-4000-8000-000000000000")
	c.Problem = nil
	must(t, s.PutConnection(t.Context(), c))
	raised, errs := make([]bool, 12), make([]error, 12)
	together(len(errs), func(i int) {
		raised[i], errs[i] = s.ChangeConnection(t.Context(), c.ID, func(c *ledger.Connection) bool {
			if c.Problem != nil {
				return false
			}
			c.Problem = &ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "AADSTS50173"}
			return true
		})
	})
	must(t, errors.Join(errs...))
	n := 0
	for _, one := range raised {
		if one {
			n++
		}
	}
	same(t, 1, n)
}

// onceEach lets callers observe the same and different things at different
// times. The last observation must stand, and for every finding openings and
// closings must alternate.
func onceEach(t *testing.T, s Store) {
	const callers = 12
	errs := make([]error, callers)
	together(callers, func(i int) {
		minute := i / 2 // two callers each see the same at the same time
		now := []sam.Finding{finding("always"), finding(fmt.Sprintf("minute %d", minute))}
		_, errs[i] = s.Reconcile(t.Context(), "run-1", customer(1), "health", now, at(minute))
	})
	must(t, errors.Join(errs...))
	same(t, map[string]bool{"always": true, "minute 5": true}, openKeys(t, s))

	unsent, err := s.Unannounced(t.Context(), 0)
	must(t, err)
	count := told(unsent)
	same(t, 1, count["opened always"])
	same(t, 0, count["closed always"])
	same(t, 1, count["opened minute 5"])
	for minute := range 5 {
		key := fmt.Sprintf("minute %d", minute)
		if o, c := count["opened "+key], count["closed "+key]; o != c || o > 1 {
			t.Errorf("%s: opened %d times and closed %d times", key, o, c)
		}
	}
}

func oneOutcome(t *testing.T, s Store) {
	read := func() ledger.Outcome {
		have, err := s.Outcome(t.Context(), "run-1", customer(1), "health")
		return got(t, have, err)
	}
	states := []sam.OutcomeState{sam.Retry, sam.Retry, sam.Done, sam.Failed, sam.Retry, sam.Skipped}
	for range 2 {
		errs := make([]error, len(states))
		together(len(states), func(i int) {
			errs[i] = s.PutOutcome(t.Context(), ledger.Outcome{
				Run: "run-1", Customer: customer(1), Task: "health", State: states[i], Try: 1,
			})
		})
		must(t, errors.Join(errs...))
	}
	first := read()
	if !first.State.Final() {
		t.Errorf("state %s after final ones", first.State)
	}
	for _, state := range states {
		must(t, s.PutOutcome(t.Context(), ledger.Outcome{Run: "run-1", Customer: customer(1), Task: "health", State: state, Try: 2}))
	}
	same(t, first, read())
}

func racingExpectations(t *testing.T, s Store) {
	want := expectation("run-1", 75)
	errs := make([]error, 3)
	together(len(errs), func(i int) { errs[i] = s.Expect(t.Context(), want[i*25:]) })
	must(t, errors.Join(errs...))
	same(t, want, all(t, s, "run-1"))
}

func oneAdder(t *testing.T, s Store) {
	errs := make([]error, 8)
	together(len(errs), func(i int) {
		errs[i] = s.AddRun(t.Context(), ledger.Run{ID: "20261121T213000Z-4f2a", State: ledger.RunWriting, Customers: i + 1})
	})
	added := 0
	for i, err := range errs {
		if err == nil {
			added++
			have, err := s.Run(t.Context(), "20261121T213000Z-4f2a")
			same(t, i+1, got(t, have, err).Customers)
		} else if !errors.Is(err, ledger.ErrExists) {
			t.Errorf("error %v, want ErrExists", err)
		}
	}
	same(t, 1, added)
}

// racingChanges: of those who would each close or cancel the run one wins, and
// what others write beside it is not lost.
func racingChanges(t *testing.T, s Store) {
	const id = "20261121T213000Z-4f2a"
	must(t, s.AddRun(t.Context(), ledger.Run{ID: id, State: ledger.RunOpen}))
	const callers = 12
	moved, errs := make([]bool, callers), make([]error, callers)
	together(callers, func(i int) {
		_, moved[i], errs[i] = s.ChangeRun(t.Context(), id, func(r *ledger.Run) bool {
			if i%2 == 0 {
				r.Expected++
				return true
			}
			if r.State != ledger.RunOpen {
				return false
			}
			r.State = ledger.RunCancelled
			return true
		})
	})
	must(t, errors.Join(errs...))
	cancelled := 0
	for i := 1; i < callers; i += 2 {
		if moved[i] {
			cancelled++
		}
	}
	have, err := s.Run(t.Context(), id)
	same(t, ledger.Run{ID: id, State: ledger.RunCancelled, Expected: callers / 2}, got(t, have, err))
	same(t, 1, cancelled)
}
