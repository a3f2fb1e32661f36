package jobs_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
)

var oneSchedule = flag.String("schedule", "", "play the schedule of this name alone, and print its steps (with -v)")

var every = flag.Bool("every", false, "show every schedule that broke the law")

// schedule says in which order things happen: process A opens a run, delivers
// its messages and supervises, with mishaps; before step number enters of A the
// second actor comes in, makes its first pause steps (all, if 0), and goes on
// when A is through.
type schedule struct {
	mishaps []accident
	second  string // "" for nobody
	enters  int
	pause   int
}

type accident struct {
	step int
	what mishap
}

// String is the canonical name.
func (s schedule) String() string {
	var parts []string
	for _, m := range s.mishaps {
		parts = append(parts, fmt.Sprintf("%s@%03d", m.what, m.step))
	}
	if s.second != "" {
		parts = append(parts, fmt.Sprintf("%s@%03d", s.second, s.enters))
	}
	if s.pause > 0 {
		parts = append(parts, fmt.Sprintf("pauses-after-%02d", s.pause))
	}
	if parts == nil {
		return "undisturbed"
	}
	return strings.Join(parts, ",")
}

// outcome is what playing a schedule showed.
type outcome struct {
	steps     []string // of A
	stepsOfB  int
	asPlanned bool // every mishap and pause came to pass
	wrong     []string
	trace     string
}

// play runs the schedule on a fresh stage.
func (s schedule) play(tb testing.TB, twist func(*process, *jobs.Deps)) outcome {
	tb.Helper()
	w := newStage(tb)
	w.twist = twist
	a := &process{stage: w, name: "A", mishaps: map[int]mishap{}}
	for _, m := range s.mishaps {
		a.mishaps[m.step] = m.what
	}
	var b *puppet
	paused := false
	if s.second != "" {
		a.park = func(n int) {
			if n == s.enters && b == nil {
				b = startPuppet(w, actors[s.second])
				paused = b.move(s.pause)
			}
		}
	}
	w.morning(tb.Context(), a)
	o := outcome{steps: a.steps, asPlanned: a.hits == len(s.mishaps) && (s.second == "" || b != nil && paused == (s.pause > 0))}
	if b != nil {
		b.move(0)
		o.stepsOfB = len(b.p.steps)
	}
	w.evening(tb.Context(), s)
	o.wrong, o.trace = w.wrong, w.trace.String()
	return o
}

// morning is what A does: each line is an invocation of its own, so that what
// fails in one does not keep the next from happening.
func (s *stage) morning(ctx context.Context, p *process) {
	j := s.jobs(p)
	_, _ = j.OpenRun(ctx)
	s.deliver(ctx, p, j)
	s.advance(20 * time.Second)
	s.deliver(ctx, p, j)
	_, _ = j.Supervise(ctx)
}

// deliver plays the host with one process: what is due is delivered, deleted
// when that went well, and poisoned after five times.
func (s *stage) deliver(ctx context.Context, p *process, j *jobs.Jobs) {
	for m := s.take(jobs.QueueCustomerJobs); m != nil && !p.dead; m = s.take(jobs.QueueCustomerJobs) {
		err := j.Deliver(ctx, m.body, m.delivered)
		if p.dead {
			return // the host never hears of it
		}
		if err != nil && m.delivered == maxDeliveries {
			s.fail("poisoned: %s", m.body)
			err = j.RecordPoisoned(ctx, m.body)
		}
		if err == nil {
			s.drop(jobs.QueueCustomerJobs, m)
		}
	}
}

// evening lets sound processes do the rest, resumes what was cancelled, sweeps
// once more over mended customers, and checks the law.
func (s *stage) evening(ctx context.Context, plan schedule) {
	c := &process{stage: s, name: "C"}
	j := s.jobs(c)
	if len(s.runs(ctx)) == 0 { // A died too early: the timer fires again, and no lock is held
		s.advance(hidden)
		_, _ = j.OpenRun(ctx)
	}
	s.rest(ctx, c, j)
	for _, run := range s.runs(ctx) {
		if run.State == ledger.RunCancelled {
			if _, _, err := j.Resume(ctx, run.ID, "C"); err != nil {
				s.fail("resume %s: %v", run.ID, err)
			}
		} else if s.cancelled[run.ID] {
			s.fail("run %s was cancelled and is %s", run.ID, run.State)
		}
	}
	s.rest(ctx, c, j)
	s.mu.Lock()
	s.mended = true
	s.mu.Unlock()
	s.advance(5 * time.Hour)
	if _, err := j.OpenRun(ctx); err != nil {
		s.fail("the last sweep: %v", err)
	}
	s.rest(ctx, c, j)
	s.check(ctx, plan)
}

// rest delivers and supervises until there is nothing to do.
func (s *stage) rest(ctx context.Context, p *process, j *jobs.Jobs) {
	for range 80 {
		s.deliver(ctx, p, j)
		if _, err := j.Supervise(ctx); err != nil {
			s.fail("supervise: %v", err)
		}
		busy := len(s.peek(jobs.QueueCustomerJobs)) > 0
		for _, run := range s.runs(ctx) {
			busy = busy || run.State == ledger.RunOpen || run.State == ledger.RunWriting
		}
		if !busy {
			return
		}
		s.advance(5 * time.Minute)
	}
	s.fail("it never comes to rest: %+v", s.runs(ctx))
}

func (s *stage) runs(ctx context.Context) []ledger.Run {
	all, err := s.ledger(nil).Runs(ctx, 0)
	if err != nil {
		s.fail("%v", err)
	}
	return all
}

// check is the law: every run closed with sums that are exactly its rows, every
// expected outcome final, none failed that could succeed, each finding opened
// and closed once by unique keys, nothing left to tell.
func (s *stage) check(ctx context.Context, plan schedule) {
	l := s.ledger(nil)
	for _, run := range s.runs(ctx) {
		sums, err := ledger.Tally(l.Outcomes(ctx, run.ID))
		if err != nil {
			s.fail("%v", err)
		}
		if run.State == ledger.RunAbandoned && plan.late() {
			continue
		}
		if run.State != ledger.RunClosed || run.Expected != stagedCustomers*stagedTasks || sums.Final() != run.Expected || sums.Pending != 0 || run.Note != "" {
			s.fail("run %+v, whose rows are %+v", run, sums)
		}
		if run.Sums.Done != sums.Done || run.Sums.Failed != sums.Failed || run.Sums.Skipped != sums.Skipped {
			s.fail("run %s says %+v, its rows say %+v", run.ID, run.Sums, sums)
		}
		if sums.Failed > 0 && !plan.late() {
			s.fail("run %s failed where it could succeed: %+v", run.ID, sums)
		}
	}
	s.checkEvents(ctx, l, plan)
	s.mu.Lock()
	stored := len(s.results.docs)
	s.mu.Unlock()
	if stored != stagedCustomers && !plan.late() {
		s.fail("%d documents", stored)
	}
}

func (s *stage) checkEvents(ctx context.Context, l *ledger.Ledger, plan schedule) {
	keys := map[string]map[string]bool{}
	for _, m := range s.peek(jobs.QueueFindings) {
		var e jobs.Event
		if err := json.Unmarshal(m.body, &e); err != nil {
			s.fail("%v", err)
		}
		if keys[e.Type] == nil {
			keys[e.Type] = map[string]bool{}
		}
		keys[e.Type][e.Key] = true
	}
	opened, closed := len(keys[ledger.EventOpened]), len(keys[ledger.EventClosed])
	if opened != closed || opened > 1 || opened == 0 && !plan.late() {
		s.fail("the finding was opened %d times and closed %d times", opened, closed)
	}
	if open, err := l.OpenFindings(ctx); err != nil || len(open) > 0 {
		s.fail("%d findings are open, %v", len(open), err)
	}
	if left, err := l.Unannounced(ctx, 0); err != nil || len(left) > 0 {
		s.fail("%d events are not announced, %v", len(left), err)
	}
}

// tally counts what was played; it is safe for concurrent use.
type tally struct {
	mu      sync.Mutex
	played  int
	planned int // went as planned
	failed  []string
}

func (c *tally) add(s schedule, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.played++; o.asPlanned {
		c.planned++
	}
	if len(o.wrong) > 0 {
		c.failed = append(c.failed, s.String()+":\n\t"+strings.Join(o.wrong, "\n\t"))
	}
}

// playAll plays the schedules on all processors and finds their variations.
func playAll(tb testing.TB, list []schedule, c *tally, twist func(*process, *jobs.Deps)) []schedule {
	tb.Helper()
	found := make([][]schedule, len(list))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				o := list[i].play(tb, twist)
				c.add(list[i], o)
				found[i] = list[i].variations(o)
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...)
}

// everyNth thins a list out: the race detector makes each schedule ten times as
// slow, and "make test" plays them all without it.
func everyNth(list []schedule, n int) []schedule {
	var thin []schedule
	for i := 0; i < len(list); i += n {
		thin = append(thin, list[i])
	}
	return thin
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	if *oneSchedule != "" {
		playOne(t, *oneSchedule)
		return
	}
	began := time.Now()
	c := &tally{}
	want, thin := wantSchedules, 1
	if underRace || testing.Short() {
		want, thin = wantSchedules/100, 30
	}
	for list := everyNth(undisturbed(t), thin); len(list) > 0; {
		t.Logf("%s: %d schedules more", time.Since(began).Round(time.Second), len(list))
		list = everyNth(playAll(t, list, c, nil), max(1, thin/3))
	}
	for i, wrong := range c.failed {
		if i < 10 || *every {
			t.Error(wrong)
		}
	}
	t.Logf("%d schedules played, %d of them as planned, %d broke the law, in %s", c.played, c.planned, len(c.failed), time.Since(began).Round(time.Millisecond))
	if c.planned < want {
		t.Errorf("%d schedules went as planned, want %d", c.planned, want)
	}
}

func playOne(t *testing.T, name string) {
	t.Helper()
	s, err := parseSchedule(name)
	if err != nil {
		t.Fatal(err)
	}
	o := s.play(t, nil)
	t.Logf("%s (as planned: %t)\n%s", s, o.asPlanned, o.trace)
	for _, wrong := range o.wrong {
		t.Error(wrong)
	}
}
