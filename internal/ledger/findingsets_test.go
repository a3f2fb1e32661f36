package ledger_test

import (
	"context"
	"iter"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// listed counts how often rows are listed.
type listed struct {
	rows.Table
	lists *int
}

func (l listed) Query(ctx context.Context, q rows.Query) iter.Seq2[rows.Row, error] {
	*l.lists++
	return l.Table.Query(ctx, q)
}

const visited = sam.CustomerID("c0000000-0000-4000-8000-000000000001")

// saw reconciles one finding, or none for "", and returns what is to announce.
func saw(t *testing.T, l *ledger.Ledger, run, task, key string, minute int) []ledger.Event {
	t.Helper()
	var now []sam.Finding
	if key != "" {
		now = []sam.Finding{{Key: key, Title: key}}
	}
	events, err := l.Reconcile(t.Context(), run, visited, task, now, at(minute))
	check(t, err)
	return events
}

// The tasks of one visit read the customer's findings once, and act as if each
// had read its own.
func TestFindingsOfAVisitAreReadOnce(t *testing.T) {
	t.Parallel()
	table, lists := rows.NewMemory(), 0
	l := ledger.Over(func(string) rows.Table { return listed{table, &lists} }, nil)
	for _, task := range []string{"health", "directory", "alerts"} {
		if events := saw(t, l, "run-1", task, "a", 1); len(events) != 1 || events[0].Type != ledger.EventOpened {
			t.Errorf("%s: events %+v", task, events)
		}
	}
	if lists != 1 {
		t.Errorf("%d listings for one visit", lists)
	}
	for _, task := range []string{"alerts", "health"} {
		if events := saw(t, l, "run-2", task, "", 2); len(events) != 2 || events[1].Type != ledger.EventClosed {
			t.Errorf("%s: events %+v", task, events)
		}
	}
	if lists != 2 {
		t.Errorf("%d listings for two visits", lists)
	}
}

// Another process gets in between the reading and the second task: its finding
// is neither opened twice nor lost.
func TestFindingsReadTooLongAgoAreReadAgain(t *testing.T) {
	t.Parallel()
	table := rows.NewMemory()
	l := ledger.Over(func(string) rows.Table { return table }, nil)
	other := ledger.Over(func(string) rows.Table { return table }, nil)
	saw(t, l, "run-1", "health", "", 1)
	check(t, other.MarkAnnounced(t.Context(), saw(t, other, "run-1", "directory", "a", 2)))
	if events := saw(t, l, "run-1", "directory", "a", 3); len(events) != 0 {
		t.Errorf("opened again: %+v", events)
	}
	open, err := l.OpenFindings(t.Context())
	if err != nil || len(open) != 1 || !open[0].OpenedAt.Equal(at(2)) || !open[0].SeenAt.Equal(at(3)) {
		t.Errorf("open %+v, %v", open, err)
	}
}
