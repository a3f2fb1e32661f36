package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// noteWithin bounds the writing of a reason: the delivery has failed already,
// and when storage is the reason, the note fails as well.
const noteWithin = 5 * time.Second

// The codes of deliveries that ended without an answer from upstream.
const (
	codeCrashed     = "Crashed"     // the process ended while the task ran
	codeInterrupted = "Interrupted" // the host took the time away
	codeUnexplained = "Unexplained" // an error that names no cause
)

// RunJob is Deliver for the first delivery of a message.
func (j *Jobs) RunJob(ctx context.Context, body []byte) error { return j.Deliver(ctx, body, 1) }

// Deliver does the tasks of one queue message, which the host delivers for the
// nth time (1 is the first). nil means the message may be deleted; an error
// means that it should be delivered again, and its reason stands in the
// customer's open outcomes by then, if storage let it. An error that wraps
// ErrForeign never gets better; five deliveries take the message to the poison
// queue.
func (j *Jobs) Deliver(ctx context.Context, body []byte, nth int) error {
	m, err := ParseMessage(body)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			j.noteFailure(ctx, m, panicked("the job itself"))
			panic(p)
		}
	}()
	if err := j.workOn(ctx, m, nth); err != nil {
		j.noteFailure(ctx, m, err)
		return err
	}
	return nil
}

// awaits reports whether a row is the business of message m: open, and not
// handed on to another message.
func (m Message) awaits(o ledger.Outcome, now time.Time) bool {
	switch {
	case !slices.Contains(m.Tasks, o.Task), o.State.Final():
		return false
	case o.State == sam.Retry:
		return o.Try < m.Try && !o.RetryAt.After(now)
	}
	return true
}

// noteFailure writes why a delivery fails into the outcomes it leaves open,
// before the host hears of it: after five failures nobody else can tell. It
// does what it can; the delivery fails either way.
func (j *Jobs) noteFailure(ctx context.Context, m Message, cause error) {
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	rows, err := j.Ledger.Job(ctx, m.Run, m.Customer)
	for _, o := range rows {
		if err == nil && m.awaits(o, j.Now()) {
			err = j.Ledger.PutOutcome(ctx, j.noted(o, m, reasonOf(cause, interrupted)))
		}
	}
	if err != nil {
		j.Log.WarnContext(ctx, "why a delivery failed could not be written down", inRun(m.Run), atCustomer(m.Customer), failure(err))
	}
}

// noted is an open row with a reason. It says of no message that it was sent:
// the try is the one before m's.
func (j *Jobs) noted(o ledger.Outcome, m Message, p *sam.Problem) ledger.Outcome {
	o.State, o.Try, o.RetryAt, o.UpdatedAt = sam.Retry, m.Try-1, time.Time{}, j.Now()
	o.Class, o.Code, o.Plain, o.Fix, o.RequestID = p.Class, p.Code, p.Plain, p.Fix, p.RequestID
	return o
}

// reasonOf puts the error of a delivery into words.
func reasonOf(err error, interrupted bool) *sam.Problem {
	p := sam.AsProblem(err)
	switch {
	case interrupted, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &sam.Problem{
			Class: sam.ClassRetry, Code: codeInterrupted,
			Plain: "The host ended the delivery before the job was done.",
			Fix:   "It is delivered again by itself; if it persists, look for restarts and timeouts in the host's log.",
		}
	case p == nil:
		return &sam.Problem{
			Class: sam.ClassRetry, Code: codeUnexplained,
			Plain: fmt.Sprintf("The delivery failed: %.300s", err),
			Fix:   "It is delivered again by itself; if it persists, look at the log of RunCustomerJob.",
		}
	case p.Class == "":
		q := *p
		q.Class = sam.ClassRetry
		return &q
	}
	return p
}

// begun is written before a task runs when an earlier delivery of the message
// ended without an answer: should the process end once more, the row names the
// task it ended in. A first delivery costs nothing.
func (b *job) begun(ctx context.Context, task string) error {
	if b.nth < 2 {
		return nil
	}
	o := ledger.Outcome{Run: b.m.Run, Customer: b.m.Customer, Task: task}
	return b.Ledger.PutOutcome(ctx, b.noted(o, b.m, &sam.Problem{
		Class: sam.ClassConfiguration, Code: codeCrashed,
		Plain: fmt.Sprintf("The process ended while this task ran (delivery %d).", b.nth),
		Fix:   "Look in the log of RunCustomerJob for what ended it: a crash, too little memory, or a restart of the app.",
	}))
}

// crashedLast puts the tasks that a process ended in behind the others, so that
// these get their turn.
func crashedLast(todo []string, rows []ledger.Outcome) []string {
	crashed := map[string]bool{}
	for _, o := range rows {
		crashed[o.Task] = o.State == sam.Retry && o.Code == codeCrashed
	}
	slices.SortStableFunc(todo, func(a, b string) int {
		switch {
		case crashed[a] == crashed[b]:
			return 0
		case crashed[a]:
			return 1
		}
		return -1
	})
	return todo
}
