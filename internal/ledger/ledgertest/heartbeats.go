package ledgertest

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
)

var heartbeats = []promise{
	{"a heartbeat is the last one written", beatsLast},
	{"heartbeats and runs do not mix", beatsApart},
}

func beatsLast(t *testing.T, s Store) {
	none, err := s.Heartbeats(t.Context())
	same(t, map[string]time.Time{}, got(t, none, err))
	must(t, s.Beat(t.Context(), at(0), "SuperviseRuns", "self_check_opened"))
	must(t, s.Beat(t.Context(), at(5), "SuperviseRuns"))
	all, err := s.Heartbeats(t.Context())
	same(t, map[string]time.Time{"SuperviseRuns": at(5), "self_check_opened": at(0)}, got(t, all, err))
}

func beatsApart(t *testing.T, s Store) {
	must(t, s.AddRun(t.Context(), ledger.Run{ID: "20261121T213000Z-4f2a"}))
	must(t, s.Beat(t.Context(), at(0), "20261121T213000Z-4f2a"))
	runs, err := s.Runs(t.Context(), 0)
	if all := got(t, runs, err); len(all) != 1 {
		t.Errorf("runs: %+v", all)
	}
	beats, err := s.Heartbeats(t.Context())
	if all := got(t, beats, err); len(all) != 1 {
		t.Errorf("heartbeats: %v", all)
	}
}
