package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
)

// raise puts a problem on the connection, once however many jobs meet it: of
// all who try, the one whose write counts logs it as an error, because a
// person must act.
func (j *Jobs) raise(ctx context.Context, id sam.ConnectionID, p *sam.Problem) error {
	raised, err := j.Ledger.ChangeConnection(ctx, id, func(c *ledger.Connection) bool { return mark(c, p, j.Now()) })
	if errors.Is(err, ledger.ErrAbsent) {
		j.Log.ErrorContext(ctx, "problem of a connection that the ledger does not know", ofConnection(id), failure(p))
		return nil
	}
	if err != nil {
		return fmt.Errorf("raise the problem of connection %s: %w", id, err)
	}
	j.forgetRoster()
	if raised {
		j.Log.ErrorContext(ctx, "connection needs a person", ofConnection(id), slog.String("class", string(p.Class)), slog.String("code", p.Code), failure(p))
	}
	return nil
}

// mark writes the problem down and reports whether it is news. The same class
// and code does not renew Since, and a connection that waits for a person to
// sign in again gets no second problem: whatever else is met meanwhile, the
// next step is the same.
func mark(c *ledger.Connection, p *sam.Problem, now time.Time) bool {
	old, breaks := c.Problem, serving.Breaks(p.Class, p.Code)
	switch {
	case old != nil && old.Class == p.Class && old.Code == p.Code:
		return false
	case old != nil && serving.Breaks(old.Class, old.Code):
		return false
	}
	c.Problem = &ledger.ConnectionProblem{
		Class: p.Class, Code: p.Code, Plain: p.Plain, Fix: p.Fix, RequestID: p.RequestID,
		Since: now, Raised: true,
	}
	if breaks && c.BrokenAt.IsZero() {
		c.BrokenAt = now
	}
	return true
}
