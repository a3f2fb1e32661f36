package ledgertest

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var findings = []promise{
	{"a finding opens once, is refreshed, and closes once", opensAndCloses},
	{"a finding that comes back opens anew", reopens},
	{"an older observation changes nothing", ignoresOlder},
	{"tasks and customers are kept apart", keepsApart},
	{"more findings than a transaction takes", manyFindings},
	{"the same key twice is one finding", sameKeyTwice},
}

func opensAndCloses(t *testing.T, s Store) {
	first := observe(t, s, at(1), "a", "b")
	same(t, map[string]int{"opened a": 1, "opened b": 1}, told(first))
	for _, e := range first {
		want := ledger.FindingRow{
			Finding: finding(e.Finding.Key), ID: ledger.FindingID(customer(1), "health", e.Finding.Key),
			Open: true, OpenedAt: at(1), SeenAt: at(1), Run: "run-1",
		}
		same(t, ledger.Event{
			Key: want.ID + ":opened:" + strconv.FormatInt(at(1).Unix(), 10), Type: ledger.EventOpened, Finding: want, At: at(1),
		}, e)
	}
	must(t, s.MarkAnnounced(t.Context(), first))

	same(t, map[string]int{}, told(observe(t, s, at(2), "b", "a")))
	open, err := s.OpenFindings(t.Context())
	must(t, err)
	for _, f := range open {
		if !f.OpenedAt.Equal(at(1)) || !f.SeenAt.Equal(at(2)) {
			t.Errorf("%s: opened %v, seen %v", f.Key, f.OpenedAt, f.SeenAt)
		}
	}

	last := observe(t, s, at(3), "b")
	same(t, map[string]int{"closed a": 1}, told(last))
	f := last[0].Finding
	if f.Open || !f.ClosedAt.Equal(at(3)) || !f.SeenAt.Equal(at(2)) || !f.OpenedAt.Equal(at(1)) {
		t.Errorf("closed finding: %+v", f)
	}
	same(t, f.ID+":closed:"+strconv.FormatInt(at(1).Unix(), 10), last[0].Key)
	same(t, map[string]bool{"b": true}, openKeys(t, s))
}

func reopens(t *testing.T, s Store) {
	must(t, s.MarkAnnounced(t.Context(), observe(t, s, at(1), "a")))
	must(t, s.MarkAnnounced(t.Context(), observe(t, s, at(2))))
	again := observe(t, s, at(3), "a")
	same(t, map[string]int{"opened a": 1}, told(again))
	if !again[0].Finding.OpenedAt.Equal(at(3)) {
		t.Errorf("opened at %v, want %v", again[0].Finding.OpenedAt, at(3))
	}
}

func ignoresOlder(t *testing.T, s Store) {
	must(t, s.MarkAnnounced(t.Context(), observe(t, s, at(5), "a")))
	same(t, map[string]int{}, told(observe(t, s, at(4), "b")))
	same(t, map[string]bool{"a": true}, openKeys(t, s))

	must(t, s.MarkAnnounced(t.Context(), observe(t, s, at(6))))
	same(t, map[string]int{}, told(observe(t, s, at(5), "a")))
	same(t, map[string]bool{}, openKeys(t, s))
}

func keepsApart(t *testing.T, s Store) {
	for _, c := range []int{1, 2} {
		for _, task := range []string{"health", "health2", "alerts"} {
			events, err := s.Reconcile(t.Context(), "run-1", customer(c), task, []sam.Finding{{Key: "a"}}, noon)
			same(t, map[string]int{"opened a": 1}, told(got(t, events, err)))
		}
	}
	events, err := s.Reconcile(t.Context(), "run-1", customer(1), "health", nil, at(1))
	same(t, map[string]int{"opened a": 1, "closed a": 1}, told(got(t, events, err)))
	open, err := s.OpenFindings(t.Context())
	must(t, err)
	ids := map[string]bool{}
	for _, f := range open {
		ids[f.ID] = true
		if f.Customer == customer(1) && f.Task == "health" {
			t.Errorf("still open: %+v", f)
		}
	}
	if len(open) != 5 || len(ids) != 5 {
		t.Errorf("%d open with %d ids, want 5", len(open), len(ids))
	}
}

func manyFindings(t *testing.T, s Store) {
	var keys []string
	for i := range 120 {
		keys = append(keys, fmt.Sprintf("key|%d", i))
	}
	if n := len(observe(t, s, at(1), keys...)); n != 120 {
		t.Errorf("%d events, want 120", n)
	}
	unsent, err := s.Unannounced(t.Context(), 0)
	must(t, err)
	if len(unsent) != 120 || len(openKeys(t, s)) != 120 {
		t.Errorf("%d unsent and %d open, want 120", len(unsent), len(openKeys(t, s)))
	}
	must(t, s.MarkAnnounced(t.Context(), unsent))
	closed := told(observe(t, s, at(2), keys[:5]...))
	if len(closed) != 115 || closed["closed key|5"] != 1 || len(openKeys(t, s)) != 5 {
		t.Errorf("%d closed and %d open, want 115 and 5", len(closed), len(openKeys(t, s)))
	}
}

func sameKeyTwice(t *testing.T, s Store) {
	same(t, map[string]int{"opened a": 1}, told(observe(t, s, at(1), "a", "a")))
	same(t, map[string]bool{"a": true}, openKeys(t, s))
}
