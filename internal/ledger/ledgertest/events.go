package ledgertest

import (
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
)

var events = []promise{
	{"what was not announced comes again", comesAgain},
	{"an opening that nobody heard of is told before its end", tellsBoth},
	{"marking twice, or what was never there, is no error", marksTwice},
	{"unannounced events are limited", limitsEvents},
}

func comesAgain(t *testing.T, s Store) {
	first := observe(t, s, at(1), "a")
	same(t, first, observe(t, s, at(1), "a"))
	same(t, told(first), told(observe(t, s, at(2), "a")))
	unsent, err := s.Unannounced(t.Context(), 0)
	same(t, first, got(t, unsent, err))

	must(t, s.MarkAnnounced(t.Context(), first))
	same(t, map[string]int{}, told(observe(t, s, at(3), "a")))
	unsent, err = s.Unannounced(t.Context(), 0)
	same(t, []ledger.Event(nil), got(t, unsent, err))
}

func tellsBoth(t *testing.T, s Store) {
	observe(t, s, at(1), "a")
	both := observe(t, s, at(2))
	same(t, map[string]int{"opened a": 1, "closed a": 1}, told(both))
	again := observe(t, s, at(3), "a")
	same(t, map[string]int{"opened a": 2, "closed a": 1}, told(again))
	keys := map[string]bool{}
	for i, e := range again {
		keys[e.Key] = true
		if i > 0 && e.At.Before(again[i-1].At) {
			t.Errorf("event %s comes after a later one", e.Key)
		}
	}
	if len(keys) != 3 {
		t.Errorf("%d keys, want 3", len(keys))
	}
}

func marksTwice(t *testing.T, s Store) {
	sent := observe(t, s, at(1), "a", "b", "c")
	must(t, s.MarkAnnounced(t.Context(), sent[:1]))
	must(t, s.MarkAnnounced(t.Context(), append(sent, sent...)))
	must(t, s.MarkAnnounced(t.Context(), sent))
	must(t, s.MarkAnnounced(t.Context(), nil))
	unsent, err := s.Unannounced(t.Context(), 0)
	same(t, []ledger.Event(nil), got(t, unsent, err))
	if n := len(openKeys(t, s)); n != 3 {
		t.Errorf("%d open, want 3", n)
	}
}

func limitsEvents(t *testing.T, s Store) {
	observe(t, s, at(1), "a", "b", "c")
	for limit, want := range map[int]int{1: 1, 2: 2, 3: 3, 50: 3, 0: 3} {
		unsent, err := s.Unannounced(t.Context(), limit)
		must(t, err)
		if len(unsent) != want {
			t.Errorf("limit %d: %d events, want %d", limit, len(unsent), want)
		}
	}
}
