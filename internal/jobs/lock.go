package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/lease"
)

// ErrHeld says that another process holds the lock.
var ErrHeld = lease.ErrHeld

// Lease is a lock we hold for a while.
type Lease interface {
	Renew(ctx context.Context) error
	Release(ctx context.Context) error
}

// Locker hands out named locks. It fails with an error that wraps ErrHeld, and
// does not wait, when another holds the name.
type Locker interface {
	Acquire(ctx context.Context, name string, ttl time.Duration) (Lease, error)
}

// BlobLeases makes a Locker of blob leases.
func BlobLeases(l *lease.Locker) Locker { return blobLeases{l} }

type blobLeases struct{ locker *lease.Locker }

func (b blobLeases) Acquire(ctx context.Context, name string, ttl time.Duration) (Lease, error) {
	held, err := b.locker.Acquire(ctx, name, ttl)
	if err != nil {
		return nil, err
	}
	return held, nil
}

// The locks.
const (
	lockSweep     = "sweep"     // writing a run
	lockSupervise = "supervise" // looking after runs
)

// leaseFor is how long a lock outlives its holder; renewed three times as often.
const leaseFor = 60 * time.Second

// releaseWithin bounds the release, which happens after cancellation too.
const releaseWithin = 10 * time.Second

// holding runs act under the named lock and renews it meanwhile. When a
// renewal fails the context of act ends, since another may hold the lock by
// the time it lapses. What act wrote is safe to write twice, so a lost lock
// costs work, not truth.
func (j *Jobs) holding(ctx context.Context, name string, act func(context.Context) error) error {
	lease, err := j.Leases.Acquire(ctx, name, leaseFor)
	if err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	held, lost := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		renew(held, lease, lost)
	}()
	err = act(held)
	if cause := context.Cause(held); err != nil && cause != nil {
		err = errors.Join(err, cause)
	}
	lost(nil)
	<-renewed
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	if rerr := lease.Release(release); rerr != nil {
		j.Log.WarnContext(ctx, "lock not released; it lapses by itself", slog.String("lock", name), failure(rerr))
	}
	return err
}

// renew keeps the lease until ctx ends.
func renew(ctx context.Context, lease Lease, lost context.CancelCauseFunc) {
	ticker := time.NewTicker(leaseFor / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := lease.Renew(ctx); err != nil && ctx.Err() == nil {
				lost(fmt.Errorf("lock lost: %w", err))
				return
			}
		}
	}
}
