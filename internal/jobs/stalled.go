package jobs

import (
	"context"
	"errors"
	"fmt"
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
		if conn.Problem != nil {
			continue // rotation, or a job, already said what is wrong
		}
		failed = append(failed, j.raise(ctx, conn.ID, stalledProblem(conn, last)))
	}
	return errors.Join(failed...)
}

func stalledProblem(conn ledger.Connection, last time.Time) *sam.Problem {
	return &sam.Problem{
		Op: "watch rotation", Tenant: conn.ID.Tenant(), Class: sam.ClassConfiguration, Code: watchdog.StalledCode,
		Plain: fmt.Sprintf("The refresh token has not been rotated since %s.", last.UTC().Format(time.RFC3339)),
		Fix:   "Check that the function RotateRefreshTokens is enabled and what its last invocations logged.",
	}
}
