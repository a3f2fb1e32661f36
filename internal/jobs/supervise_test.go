package jobs_test

import (
	"errors"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestSuperviseSendsLostJobsAnewOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3, finds("health", "k"), does("alerts", jobs.Result{}, throttledBy(0)))
	run := b.openRun(t)
	b.deliver(t)
	for b.queue.len(jobs.QueueCustomerJobs) > 0 { // the retries get lost
		b.clock.advance(time.Second)
		b.queue.take(jobs.QueueCustomerJobs)
	}
	if s := b.supervise(t); s.Requeued != 0 || len(s.Closed) != 0 {
		t.Errorf("too early: %+v", s)
	}
	b.clock.advance(16 * time.Minute)
	if s := b.supervise(t); s.Requeued != 3 {
		t.Errorf("got %+v", s)
	}
	for _, m := range b.messages(t) {
		if len(m.Tasks) != 1 || m.Tasks[0] != "alerts" || m.Try != 2 || m.Connection != conn {
			t.Errorf("message %+v", m)
		}
	}
	b.clock.advance(5 * time.Minute)
	if s := b.supervise(t); s.Requeued != 0 {
		t.Errorf("sent twice: %+v", s)
	}
	if got := b.stored(t, run); got.Sums.Done != 3 || got.Sums.Pending != 3 || got.State != ledger.RunOpen {
		t.Errorf("run %+v", got)
	}
}

func TestDeadlineSettlesTheRest(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, finds("health", "k"), does("alerts", jobs.Result{}, throttledBy(20*time.Hour)))
	run := b.openRun(t)
	if err := b.RunJob(t.Context(), b.queue.take(jobs.QueueCustomerJobs).body); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(4 * time.Hour)
	if s := b.supervise(t); s.Settled != 3 || len(s.Closed) != 1 {
		t.Errorf("got %+v", s)
	}
	got := b.stored(t, run)
	if got.State != ledger.RunClosed || got.Sums.Done != 1 || got.Sums.Failed != 3 || got.Sums.FailedBy[sam.ClassRetry] != 3 || got.Note != "" {
		t.Errorf("run %+v", got)
	}
	done, waiting := customer(0), customer(1)
	if b.outcome(t, run, done, "health").State != sam.Done {
		done, waiting = waiting, done
	}
	if o := b.outcome(t, run, done, "alerts"); o.State != sam.Failed || o.Code != "TooManyRequests" {
		t.Errorf("a retry that came too late: %+v", o)
	}
	if o := b.outcome(t, run, waiting, "health"); o.State != sam.Failed || o.Plain == "" || o.Fix == "" {
		t.Errorf("never tried: %+v", o)
	}
}

// A run whose writer died is completed, or abandoned when it is too late.
func TestWriterDied(t *testing.T) {
	t.Parallel()
	died := func(t *testing.T) *bench {
		t.Helper()
		b := newBench(t, 2, finds("health", "k"))
		b.ledger.FailOnce("before", "Expect", errBoom)
		if _, err := b.OpenRun(t.Context()); !errors.Is(err, errBoom) {
			t.Fatalf("got %v", err)
		}
		b.ledger.SetHook(nil)
		if s := b.supervise(t); len(s.Completed)+len(s.Abandoned) > 0 {
			t.Errorf("too early: %+v", s)
		}
		return b
	}
	t.Run("completed", func(t *testing.T) {
		t.Parallel()
		b := died(t)
		b.clock.advance(16 * time.Minute)
		if s := b.supervise(t); len(s.Completed) != 1 {
			t.Errorf("got %+v", s)
		}
		b.untilQuiet(t)
		if s := b.supervise(t); len(s.Closed) != 1 {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("abandoned", func(t *testing.T) {
		t.Parallel()
		b := died(t)
		b.clock.advance(5 * time.Hour)
		if s := b.supervise(t); len(s.Abandoned) != 1 {
			t.Errorf("got %+v", s)
		}
		runs, err := b.ledger.Runs(t.Context(), 1)
		if err != nil || runs[0].State != ledger.RunAbandoned || runs[0].Note == "" {
			t.Errorf("run %+v, %v", runs, err)
		}
	})
}

// A sweep that cannot begin when its timer fires is begun by the supervisor:
// the next timer is hours away.
func TestSweepThatCouldNotBeginIsBegunSoon(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, finds("health", "k"))
	b.books.err = errBoom
	run, err := b.OpenRun(t.Context())
	if !errors.Is(err, errBoom) {
		t.Fatalf("got %v", err)
	}
	b.clock.advance(5 * time.Minute)
	if _, err := b.Supervise(t.Context()); !errors.Is(err, errBoom) {
		t.Errorf("still down: %v", err)
	}
	b.books.err = nil
	b.clock.advance(5 * time.Minute)
	if s := b.supervise(t); len(s.Completed) != 1 || s.Completed[0] != run.ID {
		t.Errorf("got %+v", s)
	}
	b.untilQuiet(t)
	if s := b.supervise(t); len(s.Closed) != 1 {
		t.Errorf("got %+v", s)
	}
	if runs, err := b.ledger.Runs(t.Context(), 0); err != nil || len(runs) != 1 || runs[0].Note != "" {
		t.Errorf("runs %+v, %v", runs, err)
	}
}

func TestSuperviseAnnouncesWhatWasNotSent(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3, finds("health", "k"))
	b.openRun(t)
	b.queue.fail = func(queue string) error {
		if queue == jobs.QueueFindings {
			return errBoom
		}
		return nil
	}
	b.deliver(t)
	if _, err := b.Supervise(t.Context()); !errors.Is(err, errBoom) {
		t.Errorf("got %v", err)
	}
	b.queue.fail = nil
	if s := b.supervise(t); s.Announced != 3 {
		t.Errorf("got %+v", s)
	}
	for _, body := range b.queue.bodies(jobs.QueueFindings) {
		e := decodeEvent(t, body)
		if e.V != 1 || e.Type != ledger.EventOpened || e.Key == "" || e.Subject != "k" || e.Task != "health" || e.Severity != sam.High {
			t.Errorf("event %+v", e)
		}
	}
}

func TestStalledRotationIsRaisedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	b.clock.advance(71 * time.Hour)
	if s := b.supervise(t); len(s.Stalled) != 0 {
		t.Errorf("too early: %+v", s)
	}
	b.clock.advance(2 * time.Hour)
	since := b.clock.now()
	for range 2 {
		if s := b.supervise(t); len(s.Stalled) != 1 || s.Stalled[0] != conn {
			t.Errorf("got %+v", s)
		}
		b.clock.advance(time.Hour)
	}
	c, err := b.ledger.Connection(t.Context(), conn)
	if err != nil || c.Problem == nil || c.Problem.Code != "RotationStalled" || !c.Problem.Since.Equal(since) {
		t.Errorf("problem %+v, %v", c.Problem, err)
	}
}

// A failure that should pass by itself calls a person when it has not, for as
// long as rotation may stand still: once, and under its own name.
func TestALastingFailureIsRaisedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	since := b.clock.now()
	_, err := b.ledger.ChangeConnection(t.Context(), conn, func(c *ledger.Connection) bool {
		c.Problem = &ledger.ConnectionProblem{Class: sam.ClassRetry, Code: "ServiceUnavailable", Since: since}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		wait   time.Duration
		raised bool
	}{{71 * time.Hour, false}, {2 * time.Hour, true}, {time.Hour, true}} {
		b.clock.advance(row.wait)
		b.supervise(t)
		c, err := b.ledger.Connection(t.Context(), conn)
		if err != nil || c.Problem == nil || c.Problem.Raised != row.raised || c.Problem.Code != "ServiceUnavailable" || !c.Problem.Since.Equal(since) {
			t.Errorf("after %s more: %+v, %v", row.wait, c.Problem, err)
		}
	}
}

func TestOneSupervisorAtATime(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	b.openRun(t)
	if _, err := b.locks.Acquire(t.Context(), "supervise", time.Minute); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(5 * time.Hour)
	if s := b.supervise(t); len(s.Closed) != 0 {
		t.Errorf("got %+v", s)
	}
}
