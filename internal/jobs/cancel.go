package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
)

// ErrRunOver says that a run has ended, so that it can be neither cancelled nor
// resumed.
var ErrRunOver = errors.New("the run is over")

// actionRun is how cancelling and resuming show up in the audit trail of the
// run.
const actionRun = "run"

// Cancel stops a run in the name of who: its messages are dropped as they come,
// on the record, and its open outcomes stay as they are. Jobs at work finish.
// A run that is cancelled already stays so, which is no error; ErrRunOver for
// one that has ended, ledger.ErrAbsent for one that nobody knows.
func (j *Jobs) Cancel(ctx context.Context, runID, who string) (ledger.Run, error) {
	run, cancelled, err := j.Ledger.ChangeRun(ctx, runID, func(r *ledger.Run) bool {
		if r.State != ledger.RunOpen && r.State != ledger.RunWriting {
			return false
		}
		r.State, r.Closed, r.CancelledBy, r.HeldSince = ledger.RunCancelled, j.Now(), who, time.Time{}
		return true
	})
	if err != nil {
		return run, fmt.Errorf("cancel: %w", err)
	}
	if run.State.Ended() {
		return run, fmt.Errorf("cancel run %s, which is %s: %w", runID, run.State, ErrRunOver)
	}
	if !cancelled {
		return run, nil
	}
	j.Log.WarnContext(ctx, "run cancelled", inRun(runID), slog.String("by", who))
	if err := j.noteRun(ctx, runID, "cancelled", "by "+who); err != nil {
		return run, err
	}
	if run.Expected > 0 {
		if err := j.countCancelled(ctx, runID); err != nil {
			return run, err
		}
	}
	return j.Ledger.Run(ctx, runID)
}

// Resume lets a cancelled run go on in the name of who, with a new deadline,
// and sends a message for every customer with outcomes that are not final; it
// reports how many. One that was cancelled while it was being written is
// written anew by the supervisor. A run that goes on already is left alone.
// ErrRunOver and ledger.ErrAbsent as with Cancel. After an error of sending the
// run is open, and the supervisor sends what is missing.
func (j *Jobs) Resume(ctx context.Context, runID, who string) (ledger.Run, int, error) {
	run, resumed, err := j.Ledger.ChangeRun(ctx, runID, func(r *ledger.Run) bool {
		if r.State != ledger.RunCancelled {
			return false
		}
		now := j.Now()
		r.State, r.Closed, r.ResumedBy, r.ResumedAt = ledger.RunOpen, time.Time{}, who, now
		r.Deadline, r.Extended = now.Add(j.RunDeadline), 0
		if r.Expected == 0 {
			r.State, r.Note = ledger.RunWriting, "Resumed before it was open."
		}
		return true
	})
	if err != nil {
		return run, 0, fmt.Errorf("resume: %w", err)
	}
	if run.State.Ended() {
		return run, 0, fmt.Errorf("resume run %s, which is %s: %w", runID, run.State, ErrRunOver)
	}
	if !resumed {
		return run, 0, nil
	}
	j.Log.WarnContext(ctx, "run resumed", inRun(runID), slog.String("by", who))
	if err := j.noteRun(ctx, runID, "resumed", "by "+who); err != nil {
		return run, 0, err
	}
	return j.sendPending(ctx, run)
}

// sendPending sends what is left of an open run.
func (j *Jobs) sendPending(ctx context.Context, run ledger.Run) (ledger.Run, int, error) {
	if run.State != ledger.RunOpen {
		return run, 0, nil
	}
	_, pending, err := j.unfinished(ctx, run.ID)
	if err != nil {
		return run, 0, err
	}
	sent, err := j.sendAnew(ctx, run, pending)
	if err != nil {
		return run, sent, err
	}
	run, err = j.sentAll(ctx, run.ID)
	return run, sent, err
}

// countCancelled writes the sums of a cancelled run.
func (j *Jobs) countCancelled(ctx context.Context, runID string) error {
	sums, err := ledger.Tally(j.Ledger.Outcomes(ctx, runID))
	if err != nil {
		return err
	}
	_, _, err = j.Ledger.ChangeRun(ctx, runID, func(r *ledger.Run) bool {
		if r.State != ledger.RunCancelled {
			return false
		}
		r.Sums = sums
		return true
	})
	return err
}

func (j *Jobs) noteRun(ctx context.Context, runID, result, detail string) error {
	err := j.Ledger.Record(ctx, ledger.Audit{
		At: j.Now(), Action: actionRun, Phase: ledger.PhaseOutcome, Subject: runID,
		Result: result, Detail: detail, Reference: runID,
	})
	if err != nil {
		return fmt.Errorf("note that run %s was %s: %w", runID, result, err)
	}
	return nil
}
