package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// writerDead is how long a run may be in state writing: writing 10,000
// customers takes a minute or two, and its lock lapses after one.
const writerDead = 15 * time.Minute

// Supervision is what one round did.
type Supervision struct {
	Closed    []string // runs whose sums matched, or whose deadline settled them
	Completed []string // runs whose writer had died
	Abandoned []string // runs given up before they were open
	Requeued  int      // messages sent anew because they seemed lost
	Woken     int      // messages sent anew because their connection works again
	Settled   int      // outcomes failed because the deadline passed
	Announced int      // events sent
	Stalled   []sam.ConnectionID
	Pruned    Pruned
}

// Supervise looks after every unfinished run, sends events that were not sent,
// raises connections whose rotation has stalled, and prunes. Rounds do not overlap: if
// another process is at it, the report is empty. Each part is done even if
// another failed; the errors are joined.
func (j *Jobs) Supervise(ctx context.Context) (Supervision, error) {
	var s Supervision
	err := j.holding(ctx, lockSupervise, func(ctx context.Context) error {
		var announced, pruned error
		s.Announced, announced = j.Announce(ctx)
		runs := j.superviseRuns(ctx, &s)
		rotation := j.watchRotation(ctx, &s)
		s.Pruned, pruned = j.Prune(ctx)
		return errors.Join(runs, announced, rotation, pruned)
	})
	if errors.Is(err, ErrHeld) {
		return Supervision{}, nil
	}
	if err != nil {
		return s, fmt.Errorf("supervise runs: %w", err)
	}
	return s, nil
}

func (j *Jobs) superviseRuns(ctx context.Context, s *Supervision) error {
	runs, err := j.Ledger.Runs(ctx, 0) // pruning keeps them few
	if err != nil {
		return err
	}
	var failed []error
	for _, run := range runs {
		var err error
		switch run.State {
		case ledger.RunWriting:
			err = j.superviseWriting(ctx, run, s)
		case ledger.RunOpen:
			err = j.superviseOpen(ctx, run, s)
		case ledger.RunCancelled:
			err = j.superviseCancelled(ctx, run)
		case ledger.RunClosed, ledger.RunAbandoned:
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("run %s: %w", run.ID, err))
		}
	}
	return errors.Join(failed...)
}

// reopenWithin is how long whoever announced it has for turning failed outcomes
// of an open run back.
const reopenWithin = 2 * time.Minute

// reopening announces that failed outcomes of the run are about to be turned
// back into open ones: the run is not closed while act does so, and act has
// half of the time in which it is not. False when the run is not open.
func (j *Jobs) reopening(ctx context.Context, runID string, act func(context.Context) error) (bool, error) {
	run, _, err := j.Ledger.ChangeRun(ctx, runID, func(r *ledger.Run) bool {
		if r.State != ledger.RunOpen {
			return false
		}
		r.ReopenedAt = j.Now()
		return true
	})
	if err != nil || run.State != ledger.RunOpen {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, reopenWithin/2)
	defer cancel()
	return true, act(ctx)
}

// superviseWriting completes a sweep whose writer died or gave up (which its
// note tells), or abandons it once its deadline has passed. No message of it
// exists, so nothing is under way; a writer at work holds the lock. A replay is
// abandoned at once: only its dead writer knew whom it was for, and whoever
// asked for it was told that it failed.
func (j *Jobs) superviseWriting(ctx context.Context, run ledger.Run, s *Supervision) error {
	now := j.Now()
	replay := run.Kind == ledger.KindReplay
	if now.Sub(run.Opened) < writerDead && (run.Note == "" || replay) {
		return nil
	}
	if replay {
		return j.abandon(ctx, run, "Its writer died before the run was open; ask for it again.", s)
	}
	err := j.holding(ctx, lockSweep, func(ctx context.Context) error {
		if !now.Before(run.Deadline) {
			return j.abandon(ctx, run, "Its writer died before the run was open, and could not be replaced before the deadline; no customer was visited.", s)
		}
		_, err := j.write(ctx, run)
		if err == nil {
			s.Completed = append(s.Completed, run.ID)
		}
		return err
	})
	if errors.Is(err, ErrHeld) {
		return nil // it is being written after all
	}
	return err
}

// abandon gives up a run that was never open.
func (j *Jobs) abandon(ctx context.Context, run ledger.Run, why string, s *Supervision) error {
	run, _, err := j.Ledger.ChangeRun(ctx, run.ID, func(r *ledger.Run) bool {
		if r.State != ledger.RunWriting {
			return false
		}
		r.State, r.Closed, r.Note = ledger.RunAbandoned, j.Now(), strings.TrimSpace(why+" "+r.Note)
		return true
	})
	if err != nil || run.State != ledger.RunAbandoned {
		return err
	}
	s.Abandoned = append(s.Abandoned, run.ID)
	j.Log.ErrorContext(ctx, "run abandoned", inRun(run.ID), slog.String("note", run.Note))
	return nil
}

// superviseCancelled counts again for a while: what was under way when the run
// was cancelled still writes its outcomes.
func (j *Jobs) superviseCancelled(ctx context.Context, run ledger.Run) error {
	if run.Expected == 0 || j.Now().Sub(run.Closed) > j.RequeueAfter {
		return nil
	}
	return j.countCancelled(ctx, run.ID)
}

// superviseOpen closes the run if it is complete, settles it if it is late,
// and otherwise sends anew what seems lost.
func (j *Jobs) superviseOpen(ctx context.Context, run ledger.Run, s *Supervision) error {
	now, counted := j.Now(), run
	sums, pending, err := j.unfinished(ctx, run.ID)
	if err != nil {
		return err
	}
	if sums.Final()+sums.Pending > run.Expected {
		return j.expectMore(ctx, run.ID, sums)
	}
	if run, err = j.wake(ctx, run, pending, s); err != nil || run.State != ledger.RunOpen {
		return err
	}
	late := !now.Before(run.Deadline)
	if late && len(pending) > 0 {
		if err := j.settleLate(ctx, run, pending, s); err != nil {
			return err
		}
		if sums, pending, err = j.unfinished(ctx, run.ID); err != nil {
			return err
		}
	}
	if now.Sub(run.ReopenedAt) < reopenWithin {
		return nil
	}
	if len(pending) == 0 && (late || sums.Final() == run.Expected && j.enqueued(run, now)) {
		return j.closeRun(ctx, counted, sums, s)
	}
	return j.requeue(ctx, run, sums, lost(run, pending, now, j.RequeueAfter), s)
}

// enqueued reports whether the opener is done with the run: it says so at the
// end, unless it died.
func (j *Jobs) enqueued(run ledger.Run, now time.Time) bool {
	return !run.EnqueuedAt.IsZero() || now.Sub(run.Opened) >= j.RequeueAfter
}

// unfinished counts a run's outcomes and lists those that are not final.
func (j *Jobs) unfinished(ctx context.Context, run string) (ledger.Sums, []ledger.Outcome, error) {
	var pending []ledger.Outcome
	sums, err := ledger.Tally(func(yield func(ledger.Outcome, error) bool) {
		for o, err := range j.Ledger.Outcomes(ctx, run) {
			if err == nil && !o.State.Final() {
				pending = append(pending, o)
			}
			if !yield(o, err) {
				return
			}
		}
	})
	return sums, pending, err
}

// settleLate fails what the deadline found unfinished: with the class of the
// connection's problem where that stands still, so that nobody looks for the
// trouble at the customer; otherwise what was last known stays readable.
func (j *Jobs) settleLate(ctx context.Context, run ledger.Run, pending []ledger.Outcome, s *Supervision) error {
	now, err := j.footing(ctx, run)
	if err != nil {
		return err
	}
	for _, o := range pending {
		if err := j.Ledger.PutOutcome(ctx, settled(o, now.problem(o.Customer), now.now)); err != nil {
			return err
		}
		s.Settled++
	}
	return nil
}

// settled is an open outcome as the deadline leaves it; stands is what its
// connection stands still for, if it does.
func settled(o ledger.Outcome, stands *ledger.ConnectionProblem, now time.Time) ledger.Outcome {
	switch {
	case stands != nil:
		o.Class, o.Code, o.RequestID = stands.Class, stands.Code, stands.RequestID
		o.Plain, o.Fix = "The run's deadline passed while the connection stood still. "+stands.Plain, stands.Fix
	case o.State == sam.Expected:
		o.Plain = "The run's deadline passed before the task was tried."
		o.Fix = "Check that the queue function runs, then wait for the next run."
	default:
		o.Plain = "The run's deadline passed. " + o.Plain
	}
	if o.Class == "" {
		o.Class = sam.ClassRetry
	}
	o.State, o.UpdatedAt, o.RetryAt = sam.Failed, now, time.Time{}
	return o
}

// expectMore takes in rows that a writer, long thought dead, added after the run
// was opened: what is written is expected. The next round looks after them.
func (j *Jobs) expectMore(ctx context.Context, id string, sums ledger.Sums) error {
	_, _, err := j.Ledger.ChangeRun(ctx, id, func(r *ledger.Run) bool {
		n := sums.Final() + sums.Pending
		if r.State != ledger.RunOpen || r.Expected >= n {
			return false
		}
		r.Expected, r.Sums = n, sums
		return true
	})
	return err
}

// closeRun writes the final sums, unless the run was cancelled, or outcomes
// were added or reopened since it was read to be counted. Sums that do not add up are kept, and said.
func (j *Jobs) closeRun(ctx context.Context, run ledger.Run, sums ledger.Sums, s *Supervision) error {
	closed, _, err := j.Ledger.ChangeRun(ctx, run.ID, func(r *ledger.Run) bool {
		if r.State != ledger.RunOpen || r.Expected != run.Expected || !r.ReopenedAt.Equal(run.ReopenedAt) {
			return false
		}
		if sums.Final() != r.Expected {
			r.Note = strings.TrimSpace(fmt.Sprintf("The sums do not match: %d outcomes, %d expected. %s", sums.Final(), r.Expected, r.Note))
		}
		r.State, r.Sums, r.Closed = ledger.RunClosed, sums, j.Now()
		return true
	})
	if err != nil || closed.State != ledger.RunClosed {
		return err
	}
	if sums.Final() != closed.Expected {
		j.Log.ErrorContext(ctx, "run closed with sums that do not match", inRun(run.ID), slog.Int("final", sums.Final()), slog.Int("expected", closed.Expected))
	}
	s.Closed = append(s.Closed, run.ID)
	j.Log.InfoContext(ctx, "run closed", inRun(run.ID), slog.String("result", string(closed.Result())),
		slog.Int("done", sums.Done), slog.Int("skipped", sums.Skipped), slog.Int("failed", sums.Failed))
	return nil
}
