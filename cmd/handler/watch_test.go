package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// TestTimersAreHeardOf: which ends of a task leave a heartbeat. The task's
// error reaches the host whatever the heartbeat.
func TestTimersAreHeardOf(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err   error
		heard bool
	}{
		"a success":                  {nil, true},
		"a failure":                  {errAway, false},
		"connections not rotated":    {&rotationsError{connections: []error{errAway}}, true},
		"connections not listed":     {&rotationsError{lists: errAway, connections: []error{errAway}}, false},
		"nobody has consented yet":   {fmt.Errorf("open a run: %w", jobs.ErrNoConnections), true},
		"a deadline":                 {context.DeadlineExceeded, false},
		"a rotation's failure, deep": {fmt.Errorf("round: %w", &rotationsError{connections: []error{errAway}}), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := ledgertest.NewMemory(nil)
			dog := watchdog.New(watchdog.Deps{Ledger: memory, Announce: func(context.Context) (int, error) { return 0, nil }})
			task := func(context.Context) ([]slog.Attr, error) { return nil, row.err }
			rooms := handlers.Rooms{Rotate: task, OpenRun: task, Supervise: task}
			watched(&rooms, dog)
			for _, work := range []handlers.Task{rooms.Rotate, rooms.OpenRun, rooms.Supervise} {
				if _, err := work(t.Context()); !errors.Is(err, row.err) {
					t.Errorf("error %v, want %v", err, row.err)
				}
			}
			beats, err := memory.Heartbeats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, function := range []string{watchdog.RotateRefreshTokens, watchdog.EnqueueCustomers, watchdog.SuperviseRuns} {
				if got := !beats[function].IsZero(); got != row.heard {
					t.Errorf("%s heard: %v, want %v", function, got, row.heard)
				}
			}
			if beats["watch_began"].Before(time.Now().Add(-time.Minute)) {
				t.Error("the supervision round did not begin the watch")
			}
		})
	}
}

// TestNoHeartbeatIsAFailure: a timer that cannot be heard of says so.
func TestNoHeartbeatIsAFailure(t *testing.T) {
	t.Parallel()
	memory := ledgertest.NewMemory(nil)
	memory.FailOnce(ledgertest.Before, "Beat", errAway)
	dog := watchdog.New(watchdog.Deps{Ledger: memory, Announce: func(context.Context) (int, error) { return 0, nil }})
	work := heard(dog, watchdog.EnqueueCustomers, func(context.Context) ([]slog.Attr, error) { return nil, nil })
	if _, err := work(t.Context()); !errors.Is(err, errAway) {
		t.Errorf("error %v", err)
	}
}

// TestLookingNeedsStorage: Health may be the first to ask.
func TestLookingNeedsStorage(t *testing.T) {
	t.Parallel()
	dog := watchdog.New(watchdog.Deps{Ledger: ledgertest.NewMemory(nil)})
	for _, prepared := range []error{nil, errAway} {
		w := watch{dog, func(context.Context) error { return prepared }}
		if silent, err := w.Look(t.Context()); !errors.Is(err, prepared) || len(silent) != 0 {
			t.Errorf("storage %v: %v, %v", prepared, silent, err)
		}
	}
}
