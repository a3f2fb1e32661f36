package jobs_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// fragile is a task that counts its calls, and is refused while broken is set.
type fragile struct {
	broken atomic.Bool
	calls  atomic.Int64
}

func (f *fragile) task() scripted {
	return scripted{"health", func(context.Context, jobs.Visit) (jobs.Result, error) {
		f.calls.Add(1)
		if f.broken.Load() {
			return jobs.Result{}, &sam.Problem{
				Tenant: partner, Class: sam.ClassReconsent, Code: "AADSTS50173", Plain: "The grant was revoked.", Fix: "Sign in again.",
			}
		}
		return jobs.Result{}, nil
	}}
}

// refused reports whether the connection's row says that it stands still.
func (b *bench) refused(t *testing.T) bool {
	t.Helper()
	c, err := b.ledger.Connection(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return c.Problem != nil || !c.BrokenAt.IsZero()
}

// cure is a person who consents again.
func (b *bench) cure(t *testing.T) {
	t.Helper()
	_, err := b.ledger.ChangeConnection(t.Context(), conn, func(c *ledger.Connection) bool {
		c.Problem, c.BrokenAt, c.ConsentedAt = nil, time.Time{}, b.clock.now()
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}

// instances are n processes with eight workers each, over the bench's storage.
func (b *bench) instances(t *testing.T, n int) (deliverAll func()) {
	t.Helper()
	processes := make([]*jobs.Jobs, n)
	for i := range processes {
		j, err := jobs.New(b.Deps)
		if err != nil {
			t.Fatal(err)
		}
		processes[i] = j
	}
	return func() {
		var workers sync.WaitGroup
		for _, j := range processes {
			for range 8 {
				workers.Go(func() { deliver(t, j, b.queue) })
			}
		}
		workers.Wait()
	}
}

// A connection that breaks stops the sweep of its 500 customers at once: what
// is called upstream grows with the number of processes, not of customers, and
// nobody fails or uses up a try. When it is cured, nobody waits out the gate.
func TestBrokenConnectionCostsNoCallPerCustomer(t *testing.T) {
	t.Parallel()
	for _, customers := range []int{50, 500} {
		t.Run(fmt.Sprint(customers), func(t *testing.T) {
			t.Parallel()
			const processes, workers, rounds = 3, 8, 6
			f := &fragile{}
			b := newBench(t, customers, f.task())
			deliverAll := b.instances(t, processes)
			run := b.openRun(t)
			f.broken.Store(true)
			deliverAll()
			if n := f.calls.Load(); n < 1 || n > processes*workers {
				t.Errorf("%d calls when it broke, want at most one for each worker", n)
			}
			f.calls.Store(0)
			for range rounds { // the gate opens, and somebody looks
				b.clock.advance(jobs.HoldFor + time.Minute)
				deliverAll()
				b.supervise(t)
			}
			if n := f.calls.Load(); n < 1 || n > 2*processes*rounds {
				t.Errorf("%d calls in %d rounds, want a few for each process", n, rounds)
			}
			if got := b.stored(t, run); got.HeldSince.IsZero() || got.Sums.Failed != 0 {
				t.Errorf("run %+v", got)
			}
			f.broken.Store(false)
			f.calls.Store(0)
			b.cure(t)
			b.clock.advance(10 * time.Second)
			if s := b.supervise(t); s.Woken != customers {
				t.Errorf("woken %d of %d: %+v", s.Woken, customers, s)
			}
			deliverAll()
			if s := b.supervise(t); len(s.Closed) != 1 || s.Woken != 0 {
				t.Errorf("got %+v", s)
			}
			got := b.stored(t, run)
			if got.State != ledger.RunClosed || got.Sums.Done != customers || !got.HeldSince.IsZero() || int(f.calls.Load()) != customers {
				t.Errorf("%d calls, run %+v", f.calls.Load(), got)
			}
			if o := b.outcome(t, run, customer(customers-1), "health"); o.Try != 1 {
				t.Errorf("a try was used up: %+v", o)
			}
			b.untilQuiet(t) // the messages that were hidden do nothing
			if int(f.calls.Load()) != customers {
				t.Errorf("%d calls in the end", f.calls.Load())
			}
		})
	}
}

// A refusal that is lifted upstream is noticed by the next job that looks, and
// proved, without a person.
func TestLiftedRefusalIsProved(t *testing.T) {
	t.Parallel()
	f := &fragile{}
	b := newBench(t, 40, f.task())
	run := b.openRun(t)
	f.broken.Store(true)
	b.deliver(t)
	f.broken.Store(false)
	b.clock.advance(jobs.HoldFor)
	if !b.refused(t) {
		t.Fatal("nothing is raised")
	}
	b.deliver(t)
	if b.refused(t) {
		t.Error("the connection is not proved")
	}
	b.supervise(t)
	if got := b.stored(t, run); got.State != ledger.RunClosed || got.Sums.Done != 40 {
		t.Errorf("run %+v", got)
	}
}

// The deadline of a run is moved by what it stood still, but not for ever.
func TestDeadlineMovesWithStandingStill(t *testing.T) {
	t.Parallel()
	f := &fragile{}
	b := newBench(t, 3, f.task())
	run := b.openRun(t)
	for range 3 { // three hours of standing still, each time: more than is given
		f.broken.Store(true)
		b.clock.advance(time.Minute)
		b.untilHeld(t)
		b.supervise(t)
		b.clock.advance(3 * time.Hour)
		b.cure(t)
		b.supervise(t)
	}
	got := b.stored(t, run)
	if got.Extended != 4*time.Hour || !got.Deadline.Equal(run.Deadline.Add(4*time.Hour)) {
		t.Errorf("extended by %s to %s", got.Extended, got.Deadline)
	}
}

// untilHeld delivers what is there; all of it is held.
func (b *bench) untilHeld(t *testing.T) {
	t.Helper()
	b.deliver(t)
	if !b.refused(t) {
		t.Fatal("nothing is held")
	}
}

// What the deadline finds behind a broken connection says so, whether it was
// tried or not.
func TestDeadlineBehindABrokenConnection(t *testing.T) {
	t.Parallel()
	f := &fragile{}
	b := newBench(t, 3, f.task())
	run := b.openRun(t)
	f.broken.Store(true)
	if err := b.RunJob(t.Context(), b.queue.take(jobs.QueueCustomerJobs).body); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(4 * time.Hour)
	if s := b.supervise(t); s.Settled != 3 || len(s.Closed) != 1 {
		t.Errorf("got %+v", s)
	}
	got := b.stored(t, run)
	if got.Sums.FailedBy[sam.ClassReconsent] != 3 || got.Result() != ledger.ResultFailed {
		t.Errorf("run %+v", got)
	}
	for i := range 3 {
		if o := b.outcome(t, run, customer(i), "health"); o.Code != "AADSTS50173" || o.Fix != "Sign in again." {
			t.Errorf("outcome %+v", o)
		}
	}
}
