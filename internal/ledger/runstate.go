package ledger

import (
	"errors"
	"fmt"
	"slices"
)

// ErrRunLaw means that a change of a run was refused because the law of runs
// forbids it: a state that does not follow, or a number of expected outcomes
// that shrinks.
var ErrRunLaw = errors.New("the law of runs forbids this change")

// RunKind is what a run is for.
type RunKind string

// The kinds of run.
const (
	KindSweep  RunKind = "sweep"  // over all customers; one at a time
	KindReplay RunKind = "replay" // over customers and tasks that somebody chose
)

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	RunWriting   RunState = "writing"   // its expected outcomes are being written; no message exists
	RunOpen      RunState = "open"      // its outcomes are all there, and messages are on their way
	RunClosed    RunState = "closed"    // expected = done + skipped + failed, for ever
	RunAbandoned RunState = "abandoned" // given up before it was open; Note says why
	RunCancelled RunState = "cancelled" // stopped by a person; takes no outcome until it is resumed
)

// follows is every move a run can make, from state to state. A run that was
// cancelled while it was being written is resumed into that state; one that
// nobody resumed is abandoned before it is pruned.
var follows = map[RunState][]RunState{
	RunWriting:   {RunOpen, RunAbandoned, RunCancelled},
	RunOpen:      {RunClosed, RunCancelled},
	RunCancelled: {RunOpen, RunWriting, RunAbandoned},
	RunClosed:    nil,
	RunAbandoned: nil,
}

// Ended reports whether nothing will ever change in a run of this state.
func (s RunState) Ended() bool { return s == RunClosed || s == RunAbandoned }

// allows reports as ErrRunLaw why a run must not become next.
func (r Run) allows(next Run) error {
	switch {
	case next.ID != r.ID:
		return fmt.Errorf("%w: its id becomes %s", ErrRunLaw, next.ID)
	case next.State != r.State && !slices.Contains(follows[r.State], next.State):
		return fmt.Errorf("%w: from %s to %s", ErrRunLaw, r.State, next.State)
	case next.Expected < r.Expected:
		return fmt.Errorf("%w: it expected %d outcomes, and now %d", ErrRunLaw, r.Expected, next.Expected)
	case r.State.Ended() && (next.Expected != r.Expected || next.Sums.Final() != r.Sums.Final()):
		return fmt.Errorf("%w: the sums of a run that is %s change", ErrRunLaw, r.State)
	}
	return nil
}

// RunResult is what came of a run.
type RunResult string

// The results of a run.
const (
	ResultNone     RunResult = ""         // still under way, or cancelled: it may go on
	ResultComplete RunResult = "complete" // every outcome is done, or skipped for a reason
	ResultPartial  RunResult = "partial"  // some outcomes are failed; the others count
	ResultFailed   RunResult = "failed"   // nothing is done or skipped, or it was never open
)

// Result is what came of the run, from its state and sums alone. A partial
// success is a success of its own kind: what is done stays done, and what is
// failed is listed with its class.
func (r Run) Result() RunResult {
	switch {
	case r.State == RunAbandoned:
		return ResultFailed
	case r.State != RunClosed:
		return ResultNone
	case r.Sums.Failed == 0 && r.Sums.Final() == r.Expected:
		return ResultComplete
	case r.Sums.Done+r.Sums.Skipped > 0:
		return ResultPartial
	}
	return ResultFailed
}
