package ledgertest

import (
	"errors"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var runs = []promise{
	{"a run is read as it was last put", readsRun},
	{"runs are listed newest first", listsRuns},
	{"an unknown run is absent", missesRun},
}

func readsRun(t *testing.T, s Store) {
	r := ledger.Run{
		ID: "20261121T213000Z-4f2a", State: ledger.RunWriting, Tasks: []string{"health", "alerts"}, Connection: "a.b",
		Opened: at(0), Deadline: at(240), Customers: 3, Expected: 6,
	}
	must(t, s.PutRun(t.Context(), r))
	r.State, r.EnqueuedAt, r.Closed, r.Note = ledger.RunClosed, at(1), at(2), "all there"
	r.Sums = ledger.Sums{
		Done: 1, Skipped: 2, Failed: 3, Pending: 0,
		SkippedBy: map[sam.Reason]int{sam.NoGDAP: 2}, FailedBy: map[sam.Class]int{sam.ClassPolicy: 3},
	}
	must(t, s.PutRun(t.Context(), r))
	have, err := s.Run(t.Context(), r.ID)
	same(t, r, got(t, have, err))
}

func listsRuns(t *testing.T, s Store) {
	ids := []string{"20261122T000000Z-a", "20261121T213000Z-4f2b", "20261121T213000Z-4f2a", "20251231T235959Z-z"}
	for _, i := range []int{2, 0, 3, 1} {
		must(t, s.PutRun(t.Context(), ledger.Run{ID: ids[i]}))
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
