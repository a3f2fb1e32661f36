package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// stalledAfter is how long rotation may fail to happen: it is due daily, and
// three missed days still leave weeks before the token dies.
const stalledAfter = 72 * time.Hour

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
		last, stalled := rotationStalled(conn, j.Now())
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

// rotationStalled is the pure half: when it last went well, and whether that
// is too long ago.
func rotationStalled(conn ledger.Connection, now time.Time) (time.Time, bool) {
	last := conn.ConsentedAt
	if conn.RotatedAt.After(last) {
		last = conn.RotatedAt
	}
	return last, !conn.Disabled && now.Sub(last) > stalledAfter
}

func stalledProblem(conn ledger.Connection, last time.Time) *sam.Problem {
	return &sam.Problem{
		Op: "watch rotation", Tenant: conn.ID.Tenant(), Class: sam.ClassConfiguration, Code: "RotationStalled",
		Plain: fmt.Sprintf("The refresh token has not been rotated since %s.", last.UTC().Format(time.RFC3339)),
		Fix:   "Check that the function RotateRefreshTokens is enabled and what its last invocations logged.",
	}
}
