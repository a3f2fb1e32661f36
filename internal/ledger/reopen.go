package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// CodeReplayed is the code of an outcome that was reopened and not worked on yet.
const CodeReplayed = "Replayed"

// Reopen turns a failed outcome back into one that is still to come: state
// retry, with the try it had and the given words. It returns the outcome as it
// is recorded now and whether this call turned it: anything but a failed row is
// left alone. It is the only way back from a final state, so the caller makes
// sure that the run does not close meanwhile.
func (l *Ledger) Reopen(ctx context.Context, failed Outcome, plain, fix string) (Outcome, bool, error) {
	key := outcomeKey(failed.Run, failed.Customer, failed.Task)
	for range maxAttempts {
		o, etag, err := get[Outcome](ctx, l.outcomes, key)
		if err != nil {
			return Outcome{}, false, fmt.Errorf("reopen outcome %s of customer %s: %w", failed.Task, failed.Customer, err)
		}
		if o.State != sam.Failed {
			return o, false, nil
		}
		o.State, o.Class, o.Code, o.Plain, o.Fix = sam.Retry, sam.ClassRetry, CodeReplayed, plain, fix
		o.UpdatedAt = utc(l.now())
		r, err := l.outcomeRow(o)
		if err != nil {
			return Outcome{}, false, err
		}
		r.ETag = etag
		if err = l.outcomes.Replace(ctx, r); err == nil {
			return o, true, nil
		}
		if !errors.Is(err, rows.ErrChanged) {
			return Outcome{}, false, fmt.Errorf("reopen outcome %s of customer %s: %w", failed.Task, failed.Customer, err)
		}
	}
	return Outcome{}, false, fmt.Errorf("reopen outcome %s of customer %s: %w", failed.Task, failed.Customer, ErrBusy)
}
