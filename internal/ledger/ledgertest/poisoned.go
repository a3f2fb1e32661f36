package ledgertest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// PoisonStore is what a ledger does with given-up messages.
type PoisonStore interface {
	PutPoisoned(ctx context.Context, p ledger.Poisoned, body []byte) (ledger.Poisoned, error)
	Poisoned(ctx context.Context, id string) (ledger.Poisoned, error)
	PoisonedList(ctx context.Context) iter.Seq2[ledger.Poisoned, error]
	MarkReplayed(ctx context.Context, id string, at time.Time, by, into string) (bool, error)
	ForgetPoisoned(ctx context.Context, before time.Time, limit int) (int, error)
	Reopen(ctx context.Context, failed ledger.Outcome, plain, fix string) (ledger.Outcome, bool, error)
}

// PutPoisoned implements Store.
func (m *Memory) PutPoisoned(ctx context.Context, p ledger.Poisoned, body []byte) (ledger.Poisoned, error) {
	return of(m, "PutPoisoned", func() (ledger.Poisoned, error) { return m.ledger.PutPoisoned(ctx, p, body) })
}

// Poisoned implements Store.
func (m *Memory) Poisoned(ctx context.Context, id string) (ledger.Poisoned, error) {
	return of(m, "Poisoned", func() (ledger.Poisoned, error) { return m.ledger.Poisoned(ctx, id) })
}

// PoisonedList implements Store; the hook is asked before the first record.
func (m *Memory) PoisonedList(ctx context.Context) iter.Seq2[ledger.Poisoned, error] {
	return func(yield func(ledger.Poisoned, error) bool) {
		if err := m.ask(Before, "PoisonedList"); err != nil {
			yield(ledger.Poisoned{}, err)
			return
		}
		m.ledger.PoisonedList(ctx)(yield)
	}
}

// MarkReplayed implements Store.
func (m *Memory) MarkReplayed(ctx context.Context, id string, at time.Time, by, into string) (bool, error) {
	return of(m, "MarkReplayed", func() (bool, error) { return m.ledger.MarkReplayed(ctx, id, at, by, into) })
}

// ForgetPoisoned implements Store.
func (m *Memory) ForgetPoisoned(ctx context.Context, before time.Time, limit int) (int, error) {
	return of(m, "ForgetPoisoned", func() (int, error) { return m.ledger.ForgetPoisoned(ctx, before, limit) })
}

// Reopen implements Store.
func (m *Memory) Reopen(ctx context.Context, failed ledger.Outcome, plain, fix string) (o ledger.Outcome, turned bool, err error) {
	err = m.do("Reopen", func() (err error) {
		o, turned, err = m.ledger.Reopen(ctx, failed, plain, fix)
		return err
	})
	return o, turned, err
}

var poisoned = []promise{
	{"a given-up message is kept once, by its body", keepsPoisonOnce},
	{"given-up messages are listed newest first, apart from runs", listsPoison},
	{"of many who mark a replay one does", marksOnce},
	{"old given-up messages are forgotten, younger ones stay", forgetsPoison},
	{"only a failed outcome is reopened, and once", reopensFailed},
}

func givenUp(minute, n int) ledger.Poisoned {
	return ledger.Poisoned{
		At: at(minute), Run: "20261121T120000Z-4f2a", Customer: customer(n), Tasks: []string{"health", "alerts"}, Try: 2,
		Class: sam.ClassRetry, Code: "ServerBusy", Plain: "The storage was busy.", Fix: "Wait.", RequestID: "req-1", Body: "it's \"quoted\"",
	}
}

// keepPoison puts a record; its body is the name.
func keepPoison(t *testing.T, s Store, p ledger.Poisoned, body string) ledger.Poisoned {
	t.Helper()
	kept, err := s.PutPoisoned(t.Context(), p, []byte(body))
	return got(t, kept, err)
}

// listed collects the list.
func listed(t *testing.T, s Store) []ledger.Poisoned {
	t.Helper()
	var all []ledger.Poisoned
	for p, err := range s.PoisonedList(t.Context()) {
		must(t, err)
		all = append(all, p)
	}
	return all
}

func keepsPoisonOnce(t *testing.T, s Store) {
	first := keepPoison(t, s, givenUp(0, 1), "one")
	want := givenUp(0, 1)
	want.ID, want.Size = first.ID, 3
	same(t, want, first)
	if !strings.HasPrefix(first.ID, "20261121T120000Z-") {
		t.Errorf("id %q", first.ID)
	}
	later := givenUp(30, 1)
	later.Code = "Other"
	same(t, first, keepPoison(t, s, later, "one"))
	same(t, []ledger.Poisoned{first}, listed(t, s))
	if _, err := s.Poisoned(t.Context(), "20261121T120000Z-0000000000000000"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("an unknown id: %v", err)
	}
}

func listsPoison(t *testing.T, s Store) {
	must(t, s.AddRun(t.Context(), ledger.Run{ID: "20261121T120000Z-4f2a", Opened: at(0)}))
	must(t, s.Beat(t.Context(), at(0), "SuperviseRuns"))
	second, first, third := keepPoison(t, s, givenUp(2, 1), "b"), keepPoison(t, s, givenUp(1, 1), "a"), keepPoison(t, s, givenUp(3, 1), "c")
	same(t, []ledger.Poisoned{third, second, first}, listed(t, s))
	runs, err := s.Runs(t.Context(), 0)
	if all := got(t, runs, err); len(all) != 1 {
		t.Errorf("runs %+v", all)
	}
}

func marksOnce(t *testing.T, s Store) {
	p := keepPoison(t, s, givenUp(0, 1), "one")
	marked, errs := make([]bool, 8), make([]error, 8)
	together(len(errs), func(i int) {
		marked[i], errs[i] = s.MarkReplayed(t.Context(), p.ID, at(5), "a person", "20261121T130000Z-beef")
	})
	count := 0
	for i, err := range errs {
		must(t, err)
		if marked[i] {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d marked it", count)
	}
	kept, err := s.Poisoned(t.Context(), p.ID)
	if p = got(t, kept, err); !p.Replayed() || !p.ReplayedAt.Equal(at(5)) || p.ReplayedBy != "a person" || p.ReplayedInto != "20261121T130000Z-beef" {
		t.Errorf("kept %+v", p)
	}
	if _, err := s.MarkReplayed(t.Context(), "nothing", at(5), "", ""); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("an unknown id: %v", err)
	}
}

func forgetsPoison(t *testing.T, s Store) {
	keepPoison(t, s, givenUp(0, 1), "a")
	keepPoison(t, s, givenUp(1, 1), "b")
	young := keepPoison(t, s, givenUp(10, 1), "c")
	must(t, s.Beat(t.Context(), at(0), "SuperviseRuns"))
	for _, want := range []int{1, 1, 0} {
		n, err := s.ForgetPoisoned(t.Context(), at(10).Truncate(time.Second), 1)
		same(t, want, got(t, n, err))
	}
	same(t, []ledger.Poisoned{young}, listed(t, s))
	again := keepPoison(t, s, givenUp(20, 1), "a")
	if !again.At.Equal(at(20)) {
		t.Errorf("a forgotten body came again as %+v", again)
	}
}

func reopensFailed(t *testing.T, s Store) {
	failed := ledger.Outcome{Run: "r", Customer: customer(1), Task: "health", State: sam.Failed, Class: sam.ClassConfiguration, Code: "Poisoned", Plain: "No.", RequestID: "req-1", Try: 2, UpdatedAt: at(0)}
	done := ledger.Outcome{Run: "r", Customer: customer(1), Task: "alerts", State: sam.Done, Try: 1, UpdatedAt: at(0)}
	must(t, s.PutOutcome(t.Context(), failed))
	must(t, s.PutOutcome(t.Context(), done))
	for i, want := range []bool{true, false} {
		o, turned, err := s.Reopen(t.Context(), failed, "Tried again.", "Wait.")
		must(t, err)
		if turned != want || o.State != sam.Retry || o.Try != 2 || o.Plain != "Tried again." || o.Class != sam.ClassRetry {
			t.Errorf("call %d: %v, %+v", i, turned, o)
		}
	}
	if o, turned, err := s.Reopen(t.Context(), done, "", ""); err != nil || turned || o.State != sam.Done {
		t.Errorf("a done outcome: %v, %+v, %v", turned, o, err)
	}
	if _, _, err := s.Reopen(t.Context(), ledger.Outcome{Run: "r", Customer: customer(2), Task: "health"}, "", ""); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("an unexpected outcome: %v", err)
	}
}
