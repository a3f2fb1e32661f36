package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// RaiseStalled raises connections whose rotation has stalled, as a supervision
// round does, for those who notice it while the supervisor itself is silent.
func (j *Jobs) RaiseStalled(ctx context.Context) error { return j.watchRotation(ctx, &Supervision{}) }

// watchRotation raises connections that were neither rotated nor consented for
// too long. It looks at the clock only, so it also notices a timer that never
// fires, which rotation itself cannot.
func (j *Jobs) watchRotation(ctx context.Context, s *Supervision) error {
	conns, err := j.Ledger.Connections(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, conn := range conns {
		last, stalled := watchdog.Stalled(j.Now(), conn)
		if !stalled {
			continue
		}
		s.Stalled = append(s.Stalled, conn.ID)
		if conn.Problem == nil {
			failed = append(failed, j.raise(ctx, conn.ID, stalledProblem(conn, last)))
			continue
		}
		failed = append(failed, j.raiseLasting(ctx, conn, last))
	}
	return errors.Join(failed...)
}

// raiseLasting tells a person of a failure that was to pass by itself, and did
// not for as long as rotation may stand still. Whatever was raised before stays
// as it is.
func (j *Jobs) raiseLasting(ctx context.Context, conn ledger.Connection, last time.Time) error {
	if conn.Problem.Raised {
		return nil
	}
	var p ledger.ConnectionProblem
	raised, err := j.Ledger.ChangeConnection(ctx, conn.ID, func(c *ledger.Connection) bool {
		if c.Problem == nil || c.Problem.Raised {
			return false
		}
		c.Problem.Raised = true
		p = *c.Problem
		return true
	})
	if err != nil {
		return fmt.Errorf("raise the lasting problem of connection %s: %w", conn.ID, err)
	}
	if raised {
		j.Log.ErrorContext(ctx, "connection has not been rotated for days", ofConnection(conn.ID),
			slog.Time("last", last), slog.String("class", string(p.Class)), slog.String("code", p.Code), slog.String("problem", p.Plain), slog.String("fix", p.Fix))
	}
	return nil
}

func stalledProblem(conn ledger.Connection, last time.Time) *sam.Problem {
	return &sam.Problem{
		Op: "watch rotation", Tenant: conn.ID.Tenant(), Class: sam.ClassConfiguration, Code: watchdog.StalledCode,
		Plain: fmt.Sprintf("The refresh token has not been rotated since %s.", last.UTC().Format(time.RFC3339)),
		Fix:   "Check that the function RotateRefreshTokens is enabled and what its last invocations logged.",
	}
}
