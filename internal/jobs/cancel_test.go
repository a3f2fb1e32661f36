package jobs_test

import (
	"errors"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// A cancelled run takes no outcome, keeps what it has, and goes on where it
// stood when it is resumed.
func TestCancelAndResume(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3, finds("health", "k"))
	run := b.openRun(t)
	if err := b.RunJob(t.Context(), b.queue.take(jobs.QueueCustomerJobs).body); err != nil {
		t.Fatal(err)
	}
	got, err := b.Cancel(t.Context(), run.ID, "ada")
	if err != nil || got.State != ledger.RunCancelled || got.CancelledBy != "ada" || got.Closed.IsZero() || got.Sums.Done != 1 || got.Sums.Pending != 2 {
		t.Fatalf("run %+v, %v", got, err)
	}
	b.deliver(t)
	b.clock.advance(5 * time.Hour)
	if s := b.supervise(t); len(s.Closed)+s.Settled+s.Requeued != 0 {
		t.Errorf("a cancelled run was looked after: %+v", s)
	}
	if next := b.openRun(t); next.ID == run.ID {
		t.Error("a cancelled run blocks new ones")
	}
	got, n, err := b.Resume(t.Context(), run.ID, "bob")
	if err != nil || n != 2 || got.State != ledger.RunOpen || got.ResumedBy != "bob" || !got.Deadline.Equal(b.clock.now().Add(4*time.Hour)) || !got.Closed.IsZero() {
		t.Fatalf("run %+v, %d messages, %v", got, n, err)
	}
	b.untilQuiet(t)
	if s := b.supervise(t); len(s.Closed) != 2 {
		t.Errorf("got %+v", s)
	}
	got = b.stored(t, run)
	if got.State != ledger.RunClosed || got.Sums.Done != 3 || got.Result() != ledger.ResultComplete {
		t.Errorf("run %+v", got)
	}
	trail, err := b.ledger.AuditTrail(t.Context(), run.ID, 0)
	if err != nil || len(trail) != 2 || trail[1].Result != "cancelled" || trail[0].Result != "resumed" || trail[0].Detail != "by bob" {
		t.Errorf("audit %+v, %v", trail, err)
	}
}

func TestCancelTwiceAndResumeTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	for range 2 {
		if got, err := b.Cancel(t.Context(), run.ID, "ada"); err != nil || got.State != ledger.RunCancelled {
			t.Fatalf("run %+v, %v", got, err)
		}
	}
	for i := range 2 {
		if got, n, err := b.Resume(t.Context(), run.ID, "ada"); err != nil || got.State != ledger.RunOpen || n != 1-i {
			t.Fatalf("run %+v, %d messages, %v", got, n, err)
		}
	}
	b.deliver(t)
	b.supervise(t)
	if _, err := b.Cancel(t.Context(), run.ID, "ada"); !errors.Is(err, jobs.ErrRunOver) {
		t.Errorf("cancel a closed run: %v", err)
	}
	if _, _, err := b.Resume(t.Context(), run.ID, "ada"); !errors.Is(err, jobs.ErrRunOver) {
		t.Errorf("resume a closed run: %v", err)
	}
	if _, err := b.Cancel(t.Context(), "20261121T000000Z-0000", "ada"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("cancel an unknown run: %v", err)
	}
}

// A run that is cancelled before it is open is written anew when it is resumed.
func TestCancelWhileWriting(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, finds("health", "k"))
	b.ledger.FailOnce("before", "Expect", errBoom)
	run, err := b.OpenRun(t.Context())
	if !errors.Is(err, errBoom) {
		t.Fatal(err)
	}
	if got, err := b.Cancel(t.Context(), run.ID, "ada"); err != nil || got.State != ledger.RunCancelled {
		t.Fatalf("run %+v, %v", got, err)
	}
	b.clock.advance(time.Hour)
	b.supervise(t)
	if got, n, err := b.Resume(t.Context(), run.ID, "ada"); err != nil || got.State != ledger.RunWriting || n != 0 {
		t.Fatalf("run %+v, %d messages, %v", got, n, err)
	}
	if s := b.supervise(t); len(s.Completed) != 1 {
		t.Errorf("got %+v", s)
	}
	b.untilQuiet(t)
	if s := b.supervise(t); len(s.Closed) != 1 {
		t.Errorf("got %+v", s)
	}
}

// What was cancelled between the counting and the closing stays cancelled.
func TestCancelWinsOverClosing(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := b.openRun(t)
	b.deliver(t)
	counting := false
	b.ledger.SetHook(func(_ ledgertest.Phase, method string) error {
		if method == "Outcomes" && !counting {
			counting = true
			if _, err := b.Cancel(t.Context(), run.ID, "ada"); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	if s := b.supervise(t); len(s.Closed) != 0 {
		t.Errorf("got %+v", s)
	}
	b.ledger.SetHook(nil)
	if got := b.stored(t, run); got.State != ledger.RunCancelled || got.CancelledBy != "ada" {
		t.Errorf("run %+v", got)
	}
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Done {
		t.Errorf("outcome %+v", o)
	}
}
