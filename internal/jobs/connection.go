package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// raise puts a problem on the connection, once: the same class and code does
// not renew Since. It is logged as an error, because a person must act.
func (j *Jobs) raise(ctx context.Context, id sam.ConnectionID, p *sam.Problem) error {
	raised, err := j.Ledger.ChangeConnection(ctx, id, func(c *ledger.Connection) bool {
		if c.Problem != nil && c.Problem.Class == p.Class && c.Problem.Code == p.Code {
			return false
		}
		c.Problem = &ledger.ConnectionProblem{
			Class: p.Class, Code: p.Code, Plain: p.Plain, Fix: p.Fix, RequestID: p.RequestID,
			Since: j.Now(), Raised: true,
		}
		return true
	})
	switch {
	case errors.Is(err, ledger.ErrAbsent):
		j.Log.ErrorContext(ctx, "problem of a connection that the ledger does not know", ofConnection(id), failure(p))
	case err != nil:
		return fmt.Errorf("raise the problem of connection %s: %w", id, err)
	case raised:
		j.Log.ErrorContext(ctx, "connection needs a person", ofConnection(id),
			slog.String("class", string(p.Class)), slog.String("code", p.Code), failure(p))
	}
	return nil
}
