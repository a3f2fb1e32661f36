package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var runs = []promise{
	{"a run is read as it was last changed", readsRun},
	{"a run obeys the law of its states", obeysRunLaw},
	{"a change that is declined changes nothing", declinesChange},
	{"runs are listed newest first", listsRuns},
	{"an unknown run is absent", missesRun},
}

func readsRun(t *testing.T, s Store) {
	r := ledger.Run{
		ID: "20261121T213000Z-4f2a", State: ledger.RunWriting, Tasks: []string{"health", "alerts"}, Connection: "a.b",
		Opened: at(0), Deadline: at(240), Customers: 3, Expected: 6,
	}
	must(t, s.AddRun(t.Context(), r))
	have, err := s.Run(t.Context(), r.ID)
	same(t, r, got(t, have, err))
	r.State, r.EnqueuedAt, r.Closed, r.Note = ledger.RunCancelled, at(1), at(2), "all there"
	r.CancelledBy, r.ResumedBy, r.ResumedAt = "ada", "bob", at(3)
	r.HeldSince, r.WokenAt, r.ReopenedAt, r.Extended = at(4), at(5), at(6), 7
	r.Sums = ledger.Sums{
		Done: 1, Skipped: 2, Failed: 3, Pending: 0,
		SkippedBy: map[sam.Reason]int{sam.NoGDAP: 2}, FailedBy: map[sam.Class]int{sam.ClassPolicy: 3},
	}
	changed, did, err := s.ChangeRun(t.Context(), r.ID, func(to *ledger.Run) bool { *to = r; return true })
	same(t, r, got(t, changed, err))
	same(t, true, did)
	have, err = s.Run(t.Context(), r.ID)
	same(t, r, got(t, have, err))
}

func obeysRunLaw(t *testing.T, s Store) {
	states := []ledger.RunState{ledger.RunWriting, ledger.RunOpen, ledger.RunClosed, ledger.RunAbandoned, ledger.RunCancelled}
	allowed := map[ledger.RunState]string{
		ledger.RunWriting: "writing open abandoned cancelled", ledger.RunOpen: "open closed cancelled",
		ledger.RunCancelled: "writing open cancelled abandoned", ledger.RunClosed: "closed", ledger.RunAbandoned: "abandoned",
	}
	for i, from := range states {
		for k, to := range states {
			id := fmt.Sprintf("20261121T213000Z-%d%d", i, k)
			must(t, s.AddRun(t.Context(), ledger.Run{ID: id, State: from, Expected: 3}))
			_, did, err := s.ChangeRun(t.Context(), id, func(r *ledger.Run) bool { r.State = to; return true })
			if want := slices.Contains(strings.Fields(allowed[from]), string(to)); did != want || errors.Is(err, ledger.ErrRunLaw) == want {
				t.Errorf("from %s to %s: %v, %v", from, to, did, err)
			}
			_, _, err = s.ChangeRun(t.Context(), id, func(r *ledger.Run) bool { r.Expected--; return true })
			if !errors.Is(err, ledger.ErrRunLaw) {
				t.Errorf("fewer are expected of a run that is %s: %v", from, err)
			}
		}
	}
}

func declinesChange(t *testing.T, s Store) {
	r := ledger.Run{ID: "20261121T213000Z-4f2a", State: ledger.RunOpen, Note: "as it was"}
	must(t, s.AddRun(t.Context(), r))
	have, did, err := s.ChangeRun(t.Context(), r.ID, func(r *ledger.Run) bool { r.Note = "other"; return false })
	same(t, r, got(t, have, err))
	same(t, false, did)
	if _, _, err := s.ChangeRun(t.Context(), "20261121T213000Z-0000", func(*ledger.Run) bool { return true }); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("error %v, want ErrAbsent", err)
	}
}

func listsRuns(t *testing.T, s Store) {
	ids := []string{"20261122T000000Z-a", "20261121T213000Z-4f2b", "20261121T213000Z-4f2a", "20251231T235959Z-z"}
	for _, i := range []int{2, 0, 3, 1} {
		must(t, s.AddRun(t.Context(), ledger.Run{ID: ids[i]}))
	}
	for limit, want := range map[int][]string{0: ids, 2: ids[:2], 9: ids} {
		all, err := s.Runs(t.Context(), limit)
		must(t, err)
		var have []string
		for _, r := range all {
			have = append(have, r.ID)
		}
		same(t, want, have)
	}
}

func missesRun(t *testing.T, s Store) {
	if _, err := s.Run(t.Context(), "20261121T213000Z-4f2a"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("error %v, want ErrAbsent", err)
	}
	all, err := s.Runs(t.Context(), 10)
	same(t, []ledger.Run(nil), got(t, all, err))
}
