package statuspage_test

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// A cancelled run shows who stopped it and keeps its sums; what a replay made
// good is a failure no more, and what it failed again is one of the replay's.
func TestCancelledRunsAndReplays(t *testing.T) {
	t.Parallel()
	failed := func(run string, c sam.CustomerID) ledger.Outcome {
		return ledger.Outcome{Run: run, Customer: c, Task: "health", State: sam.Failed, Class: sam.ClassRetry}
	}
	done := failed("replay", alpha)
	done.State, done.Class = sam.Done, ""
	k := &kept{
		runs: []ledger.Run{
			{ID: "stopped", State: ledger.RunCancelled, CancelledBy: "ada", Note: "Noted.", Expected: 2, Sums: ledger.Sums{Done: 1, Pending: 1}},
			{ID: "held", State: ledger.RunOpen, HeldSince: now.Add(-time.Hour), Expected: 1},
			{ID: "replay", State: ledger.RunClosed, Kind: ledger.KindReplay, Expected: 2, Sums: ledger.Sums{Done: 1, Failed: 1}},
			{ID: "sweep", State: ledger.RunClosed, Kind: ledger.KindSweep, Expected: 2, Sums: ledger.Sums{Failed: 2}},
		},
		outcomes: map[string][]ledger.Outcome{
			"replay": {done, failed("replay", beta)},
			"sweep":  {failed("sweep", alpha), failed("sweep", beta)},
		},
	}
	s := load(t, k)
	if r := s.Runs[0]; r.State != ledger.RunCancelled || r.Note != "Cancelled by ada. Noted." || r.Done != 1 || r.Pending != 1 || r.Result != "" {
		t.Errorf("cancelled: %+v", r)
	}
	if r := s.Runs[1]; r.Held == nil || r.Kind != ledger.KindSweep {
		t.Errorf("held: %+v", r)
	}
	if s.Runs[2].Result != ledger.ResultPartial || s.Runs[3].Result != ledger.ResultFailed {
		t.Errorf("results %q and %q", s.Runs[2].Result, s.Runs[3].Result)
	}
	if len(s.Failures) != 1 || s.Failures[0].Run != "replay" || s.Failures[0].Customer != beta {
		t.Errorf("failures %+v", s.Failures)
	}
}
