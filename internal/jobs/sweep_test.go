package jobs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestOpenRunWritesRowsThenMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3, finds("health", "k"), finds("alerts", "k"))
	b.books.customers[2].Access = sam.NoGDAP
	rows := 0
	b.queue.fail = func(string) error {
		rows++
		runs, err := b.ledger.Runs(t.Context(), 1)
		if err != nil || len(runs) != 1 || runs[0].State != ledger.RunOpen || runs[0].Expected != 6 {
			t.Errorf("a message is sent while the run is %+v, %v", runs, err)
		}
		return nil
	}
	run := b.openRun(t)
	if rows != 2 || run.Customers != 3 || run.Expected != 6 || run.EnqueuedAt.IsZero() || run.Connection != conn {
		t.Errorf("%d messages, run %+v", rows, run)
	}
	if o := b.outcome(t, run, customer(2), "alerts"); o.State != sam.Skipped || o.Reason != sam.NoGDAP || o.Fix == "" {
		t.Errorf("customer without relationship: %+v", o)
	}
	for _, m := range b.messages(t) {
		if len(m.Tasks) != 2 || m.Try != 1 || m.Connection != conn {
			t.Errorf("message %+v", m)
		}
	}
}

func TestNoSecondRunWhileOneIsOpen(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	first := b.openRun(t)
	b.clock.advance(time.Hour)
	if again := b.openRun(t); again.ID != first.ID || b.books.asked != 1 {
		t.Errorf("got run %s, discovery asked %d times", again.ID, b.books.asked)
	}
	b.clock.advance(4 * time.Hour)
	if next := b.openRun(t); next.ID == first.ID {
		t.Error("the old run blocks new ones after its deadline")
	}
}

func TestNoSecondRunWhileOneIsBeingOpened(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	if _, err := b.locks.Acquire(t.Context(), "sweep", time.Minute); err != nil {
		t.Fatal(err)
	}
	if run, err := b.OpenRun(t.Context()); err != nil || run.ID != "" || b.books.asked != 0 {
		t.Errorf("got %+v, %v", run, err)
	}
}

func TestOpenRunRefusals(t *testing.T) {
	t.Parallel()
	t.Run("no customers", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, 0, finds("health", "k"))
		b.books.err = fmt.Errorf("discover: %w", fleet.ErrNoCustomers)
		if _, err := b.OpenRun(t.Context()); !errors.Is(err, fleet.ErrNoCustomers) {
			t.Errorf("got %v", err)
		}
		runs, err := b.ledger.Runs(t.Context(), 0)
		if err != nil || len(runs) != 1 || runs[0].State != ledger.RunWriting || !strings.Contains(runs[0].Note, "no customers") {
			t.Errorf("the failure is not on the record: %+v, %v", runs, err)
		}
	})
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, 1, finds("health", "k"))
		if err := b.ledger.PutConnection(t.Context(), ledger.Connection{ID: conn, Disabled: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.OpenRun(t.Context()); !errors.Is(err, jobs.ErrNoConnections) {
			t.Errorf("got %v", err)
		}
		if runs, err := b.ledger.Runs(t.Context(), 0); err != nil || len(runs) != 0 {
			t.Errorf("runs %+v, %v", runs, err)
		}
	})
	t.Run("connection broken", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, 1, finds("health", "k"))
		b.books.err = &sam.Problem{Op: "list", Tenant: partner, Class: sam.ClassReconsent, Code: "900421", Plain: "No MFA."}
		if _, err := b.OpenRun(t.Context()); sam.ClassOf(err) != sam.ClassReconsent {
			t.Errorf("got %v", err)
		}
		if c, err := b.ledger.Connection(t.Context(), conn); err != nil || c.Problem == nil || c.Problem.Code != "900421" {
			t.Errorf("connection %+v, %v", c.Problem, err)
		}
	})
}

// Several connections are one sweep; a customer that consented itself is
// visited with its own grant.
func TestSweepJoinsConnections(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, finds("health", "k"))
	direct := sam.NewConnectionID(customer(1).Tenant(), "44444444-4444-4444-8444-444444444444")
	if err := b.ledger.PutConnection(t.Context(), ledger.Connection{ID: direct, Kind: sam.DirectConnection}); err != nil {
		t.Fatal(err)
	}
	run := b.openRun(t)
	if run.Customers != 2 || run.Connection != "" {
		t.Errorf("run %+v", run)
	}
	for _, m := range b.messages(t) {
		if m.Connection != direct { // the bench's books show the same customers to both
			t.Errorf("customer %s is visited with %s", m.Customer, m.Connection)
		}
	}
}

// Whatever call of the ledger is the last before a crash, a later round of the
// timers ends with a closed run in which everything was done.
func TestCrashAnywhereWhileOpening(t *testing.T) {
	t.Parallel()
	for _, phase := range []ledgertest.Phase{ledgertest.Before, ledgertest.After} {
		for _, method := range []string{"Runs", "Connections", "PutCustomers", "AddRun", "ChangeRun", "Expect", "Outcomes"} {
			t.Run(fmt.Sprint(phase, " ", method), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, 3, finds("health", "k"))
				b.ledger.FailOnce(phase, method, errBoom)
				if _, err := b.OpenRun(t.Context()); !errors.Is(err, errBoom) {
					t.Fatalf("got %v", err)
				}
				b.clock.advance(16 * time.Minute)
				run := b.openRun(t)
				b.untilQuiet(t)
				b.clock.advance(16 * time.Minute)
				b.supervise(t)
				b.untilQuiet(t)
				b.supervise(t)
				if got := b.stored(t, run); got.State != ledger.RunClosed || got.Sums.Done != 3 || got.Expected != 3 {
					t.Errorf("run %+v", got)
				}
			})
		}
	}
}

// A crash between open and the last message leaves gaps; the supervisor fills
// them.
func TestCrashWhileSending(t *testing.T) {
	t.Parallel()
	b := newBench(t, 5, finds("health", "k"))
	left := 2
	b.queue.fail = func(string) error {
		if left--; left < 0 {
			return errBoom
		}
		return nil
	}
	if _, err := b.OpenRun(t.Context()); !errors.Is(err, errBoom) {
		t.Fatalf("got %v", err)
	}
	b.queue.fail = nil
	b.untilQuiet(t)
	if s := b.supervise(t); s.Requeued != 0 {
		t.Errorf("%d messages sent anew at once", s.Requeued)
	}
	b.clock.advance(15 * time.Minute)
	if s := b.supervise(t); s.Requeued == 0 {
		t.Error("nothing was sent anew")
	}
	b.untilQuiet(t)
	b.supervise(t)
	runs, err := b.ledger.Runs(t.Context(), 1)
	if err != nil || runs[0].State != ledger.RunClosed || runs[0].Sums.Done != 5 {
		t.Errorf("run %+v, %v", runs, err)
	}
}
