package jobs_test

import (
	"context"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
)

// The second actors.
const (
	opens      = "opens"
	supervises = "supervises"
	delivers   = "delivers" // every message a second time
	cancels    = "cancels"
	interrupts = "cancels-and-resumes"
	waits      = "waits-20m" // longer than locks last and jobs are thought lost
	waitsLong  = "waits-5h"  // longer than a run may take
)

var actors = map[string]func(context.Context, *stage, *process){
	opens: func(ctx context.Context, s *stage, p *process) { _, _ = s.jobs(p).OpenRun(ctx) },
	supervises: func(ctx context.Context, s *stage, p *process) {
		_, _ = s.jobs(p).Supervise(ctx)
	},
	delivers: func(ctx context.Context, s *stage, p *process) {
		j := s.jobs(p)
		for _, m := range s.peek(jobs.QueueCustomerJobs) {
			if err := j.Deliver(ctx, m.body, 2); err != nil {
				s.fail("a second delivery: %v", err)
			}
		}
	},
	cancels: func(ctx context.Context, s *stage, p *process) {
		for _, run := range s.runs(ctx) {
			if got, err := s.jobs(p).Cancel(ctx, run.ID, "B"); err == nil && got.State == ledger.RunCancelled {
				s.cancelled[run.ID] = true
			}
		}
	},
	interrupts: func(ctx context.Context, s *stage, p *process) {
		j := s.jobs(p)
		for _, run := range s.runs(ctx) {
			_, _ = j.Cancel(ctx, run.ID, "B")
			_, _, _ = j.Resume(ctx, run.ID, "B")
		}
	},
	waits:     func(_ context.Context, s *stage, _ *process) { s.advance(hidden * 2) },
	waitsLong: func(_ context.Context, s *stage, _ *process) { s.advance(hidden * 30) },
}

// late reports whether the schedule makes a run pass its deadline.
func (s schedule) late() bool { return s.second == waitsLong }

// puppet is the second actor, moved step by step.
type puppet struct {
	p        *process
	waiting  bool // it waits for its turn
	arrives  chan struct{}
	turn     chan struct{}
	hasEnded chan struct{}
}

// startPuppet lets an actor begin; it waits before its first step.
func startPuppet(s *stage, act func(context.Context, *stage, *process)) *puppet {
	b := &puppet{arrives: make(chan struct{}), turn: make(chan struct{}), hasEnded: make(chan struct{})}
	b.p = &process{stage: s, name: "B", park: func(int) {
		b.arrives <- struct{}{}
		<-b.turn
	}}
	go func() {
		defer close(b.hasEnded)
		act(context.Background(), s, b.p)
	}()
	return b
}

// move lets it make n steps, or all if n is 0, and reports whether it waits
// then: not if it came to its end before.
func (b *puppet) move(n int) bool {
	for made := 0; ; made++ {
		if !b.waiting {
			select {
			case <-b.arrives:
				b.waiting = true
			case <-b.hasEnded:
				return false
			}
		}
		if n > 0 && made == n {
			return true
		}
		b.waiting = false
		b.turn <- struct{}{}
	}
}
