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
	conn, err := j.Ledger.Connection(ctx, id)
	if errors.Is(err, ledger.ErrAbsent) {
		j.Log.ErrorContext(ctx, "problem of a connection that the ledger does not know", ofConnection(id), failure(p))
		return nil
	}
	if err != nil {
		return fmt.Errorf("raise the problem of connection %s: %w", id, err)
	}
	if conn.Problem != nil && conn.Problem.Class == p.Class && conn.Problem.Code == p.Code {
		return nil
	}
	conn.Problem = &ledger.ConnectionProblem{
		Class: p.Class, Code: p.Code, Plain: p.Plain, Fix: p.Fix, RequestID: p.RequestID,
		Since: j.Now(), Raised: true,
	}
	if err := j.Ledger.PutConnection(ctx, conn); err != nil {
		return fmt.Errorf("raise the problem of connection %s: %w", id, err)
	}
	j.Log.ErrorContext(ctx, "connection needs a person", ofConnection(id), slog.String("class", string(p.Class)), slog.String("code", p.Code), failure(p))
	return nil
}
