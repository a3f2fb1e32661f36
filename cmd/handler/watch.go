package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// newWatchdog joins the watchdog to the sweeps: their way of sending events
// and of raising connections.
func newWatchdog(l *ledger.Ledger, sweeps *jobs.Jobs, log *slog.Logger) *watchdog.Watchdog {
	return watchdog.New(watchdog.Deps{Ledger: l, Announce: sweeps.Announce, RaiseStalled: sweeps.RaiseStalled, Log: log})
}

// watch makes sure that the tables exist before it looks: Health may be asked
// before any other function.
type watch struct {
	*watchdog.Watchdog
	prepare func(context.Context) error
}

// Look implements handlers.Watch.
func (w watch) Look(ctx context.Context) ([]watchdog.Silence, error) {
	if err := w.prepare(ctx); err != nil {
		return nil, fmt.Errorf("watchdog: prepare storage: %w", err)
	}
	return w.Watchdog.Look(ctx)
}

// watched turns the timers' tasks into ones that are heard of: after a success
// each leaves its heartbeat, and a supervision round ends with the watchdog's own.
func watched(rooms *handlers.Rooms, dog *watchdog.Watchdog) {
	rooms.Rotate = heard(dog, watchdog.RotateRefreshTokens, rooms.Rotate)
	rooms.OpenRun = heard(dog, watchdog.EnqueueCustomers, rooms.OpenRun)
	supervise := heard(dog, watchdog.SuperviseRuns, rooms.Supervise)
	rooms.Supervise = func(ctx context.Context) ([]slog.Attr, error) {
		attrs, err := supervise(ctx)
		return attrs, errors.Join(err, dog.Round(ctx))
	}
}

// heard leaves the function's heartbeat when its task came to its end, also
// where the end is known to be bad for a reason that is told elsewhere.
func heard(dog *watchdog.Watchdog, function string, task handlers.Task) handlers.Task {
	return func(ctx context.Context) ([]slog.Attr, error) {
		attrs, err := task(ctx)
		if err == nil || toldElsewhere(err) {
			err = errors.Join(err, dog.Alive(ctx, function))
		}
		return attrs, err
	}
}

// toldElsewhere: a connection that cannot be rotated carries its own problem,
// and having no connection yet is no fault of a timer.
func toldElsewhere(err error) bool {
	var failed *rotationsError
	return errors.As(err, &failed) && failed.lists == nil || errors.Is(err, jobs.ErrNoConnections)
}
