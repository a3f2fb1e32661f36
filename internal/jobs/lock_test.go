package jobs_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/jobs"
)

// slipping hands out a lock that cannot be renewed.
type slipping struct{ released bool }

func (s *slipping) Acquire(context.Context, string, time.Duration) (jobs.Lease, error) { return s, nil }

func (s *slipping) Renew(context.Context) error { return errBoom }

func (s *slipping) Release(context.Context) error {
	s.released = true
	return nil
}

// slow is a discovery that takes as long as it may.
type slow struct{}

func (slow) Discover(ctx context.Context, _ fleet.Connection) (fleet.Discovery, error) {
	<-ctx.Done()
	return fleet.Discovery{}, ctx.Err()
}

// Whoever loses the lock stops: another may be at work already.
func TestLostLockStopsTheWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1, finds("health", "k"))
		lock := &slipping{}
		b.Leases, b.Fleet = lock, slow{}
		begun := time.Now()
		_, err := b.OpenRun(t.Context())
		if took := time.Since(begun); !errors.Is(err, errBoom) || took > time.Minute || !lock.released {
			t.Errorf("got %v after %v, released %v", err, took, lock.released)
		}
	})
}
