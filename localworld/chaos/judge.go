package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/storage"
)

// judge compares what is left with what the world holds, and fills the report.
func (s *session) judge(ctx context.Context) error {
	s.world.Account.Advance(storage.Queue, time.Hour) // nothing is hidden any more
	if err := s.fleet.idle(ctx); err != nil {
		return err
	}
	s.report.Breaches = nil
	for _, check := range []func(context.Context) error{s.judgeRuns, s.judgeFindings, s.judgePoison, s.judgeResults} {
		if err := check(ctx); err != nil {
			return fmt.Errorf("judging: %w", err)
		}
	}
	s.measure()
	if n := len(s.report.Breaches); n > 0 {
		return fmt.Errorf("%w: %d differences, first: %s", ErrBreach, n, s.report.Breaches[0])
	}
	return nil
}

// breach notes a broken promise.
func (s *session) breach(format string, args ...any) {
	s.report.Breaches = append(s.report.Breaches, fmt.Sprintf(format, args...))
}

// judgeRuns checks the sums of every sweep, and every row.
func (s *session) judgeRuns(ctx context.Context) error {
	all, err := rows[runRow](ctx, s.store, "Runs", "PartitionKey eq 'run'")
	if err != nil {
		return err
	}
	if len(all) != len(s.sweeps) {
		s.breach("%d runs, want one for each of %d sweeps", len(all), len(s.sweeps))
	}
	s.report.Runs = nil
	for _, w := range s.sweeps {
		i := slices.IndexFunc(all, func(r runRow) bool { return r.ID == w.run })
		if i < 0 {
			s.breach("run %s is gone", w.run)
			continue
		}
		if err := s.judgeRun(ctx, w, all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) judgeRun(ctx context.Context, w *sweep, run runRow) error {
	sums := run.sums()
	s.report.Runs = append(s.report.Runs, RunSums{run.ID, run.State, run.Expected, sums.Done, sums.Skipped, sums.Failed, sums.Pending})
	if run.State != "closed" || run.Expected != sums.Done+sums.Skipped+sums.Failed || run.Expected == 0 {
		s.breach("run %s is %s: %d expected, %d done + %d skipped + %d failed; %s", run.ID, run.State, run.Expected, sums.Done, sums.Skipped, sums.Failed, run.Note)
	}
	outcomes, err := s.store.outcomes(ctx, w.run)
	if err != nil {
		return err
	}
	if len(outcomes) != run.Expected {
		s.breach("run %s: %d outcomes, %d expected", run.ID, len(outcomes), run.Expected)
	}
	ended := make(map[string]outcomeRow, len(outcomes))
	for _, o := range outcomes {
		ended[o.Customer+" "+o.Task] = o
	}
	for _, want := range w.want.Outcomes {
		about := want.Customer + " " + want.Task
		have, found := ended[about]
		delete(ended, about)
		if !found || have.State != want.State || have.Reason != want.Reason {
			s.breach("run %s, %s: %q %q (%s %s: %.200s), the world says %q %q", run.ID, about, have.State, have.Reason, have.Class, have.Code, have.Plain, want.State, want.Reason)
		}
	}
	for about := range ended {
		s.breach("run %s, %s: the world has no such task", run.ID, about)
	}
	return nil
}

// judgeFindings checks what is open and the story of every finding.
func (s *session) judgeFindings(ctx context.Context) error {
	bodies, err := s.store.drain(ctx, queueFindings)
	if err != nil {
		return err
	}
	for _, body := range bodies {
		repeat, err := s.events.note(body)
		if err != nil {
			s.breach("%v", err)
		}
		if repeat {
			s.report.EventsRepeated++
		}
	}
	stories := wanted(s.sweeps)
	s.report.Opened, s.report.Closed = 0, 0
	for about, want := range stories {
		s.report.Opened += strings.Count(want, "opened")
		s.report.Closed += strings.Count(want, "closed")
		if have := s.events.story(about); have != want {
			s.breach("finding %s was %q, want %q", about, have, want)
		}
	}
	for about := range s.events {
		if stories[about] == "" {
			s.breach("finding %s was %q, the world never had it", about, s.events.story(about))
		}
	}
	return s.judgeOpen(ctx, stories)
}

// judgeOpen compares the table of findings with the stories.
func (s *session) judgeOpen(ctx context.Context, stories map[string]string) error {
	table, err := s.store.findings(ctx)
	if err != nil {
		return err
	}
	open := map[string]bool{}
	for _, f := range table {
		switch f.RowType {
		case "finding":
			open[f.Customer+" "+f.Task+" "+f.Key] = true
		case "event":
			s.breach("finding %s %s %s: an event was never announced", f.Customer, f.Task, f.Key)
		}
	}
	s.report.Open = len(open)
	for about, story := range stories {
		if open[about] != strings.HasSuffix(story, "opened") {
			s.breach("finding %s: open in the table is %v, its story is %q", about, open[about], story)
		}
	}
	return nil
}

// judgePoison wants nothing given up but what is foreign.
func (s *session) judgePoison(ctx context.Context) error {
	records, err := s.store.poisoned(ctx)
	if err != nil {
		return err
	}
	s.report.Poisoned, s.report.Foreign = 0, 0
	for _, p := range records {
		if p.Foreign {
			s.report.Foreign++
			continue
		}
		s.report.Poisoned++
		s.breach("a job of customer %s was given up: %s %.200s", p.Customer, p.Code, p.Plain)
	}
	if s.report.Foreign != len(s.sweeps) {
		s.breach("%d foreign messages on record, %d were sent", s.report.Foreign, len(s.sweeps))
	}
	for _, queue := range []string{queueJobs, queuePoison} {
		left, err := s.store.left(ctx, queue)
		if err != nil {
			return err
		}
		if left > 0 {
			s.breach("%d messages are left in queue %s", left, queue)
		}
	}
	return nil
}

// judgeResults wants the results in the order of their observations, and the
// last ones of the last sweep.
func (s *session) judgeResults(ctx context.Context) error {
	stored, regress := s.results.seen()
	s.report.Results = stored
	for _, r := range regress {
		s.breach("result %s", r)
	}
	last := s.sweeps[len(s.sweeps)-1]
	for _, o := range last.want.Outcomes {
		if o.Task != "subscriptions" || o.State != "done" {
			continue
		}
		names, found, err := s.store.subscriptionNames(ctx, o.Customer)
		if err != nil {
			return err
		}
		if wrong := stale(o.Customer, names, found, last.n); wrong != "" {
			s.breach("result %s", wrong)
		}
	}
	return nil
}
