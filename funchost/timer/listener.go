package timer

import (
	"context"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/funchost/schedule"
)

// StatusStore keeps one timer's status.
type StatusStore interface {
	// Load returns nil when nothing was stored yet.
	Load(ctx context.Context) (*schedule.Status, error)
	Save(ctx context.Context, status schedule.Status) error
}

// Run is what one firing tells the function.
type Run struct {
	Status  *schedule.Status // nil when not monitored
	PastDue bool
	Reason  string // for the log
}

// Config describes a listener. All but Store and Lock are required.
type Config struct {
	Function     string
	Schedule     schedule.Schedule
	RunOnStartup bool
	Store        StatusStore // nil: not monitored
	Lock         *Lock       // nil: fire without asking
	// Fire runs the function and returns when it is done; failures are its own.
	Fire func(ctx context.Context, run Run)
	Now  func() time.Time
	Log  *slog.Logger
}

// glance bounds each part of a wait, so that a clock that is moved by hand is
// noticed.
const glance = time.Second

// Listen runs the timer until the context ends; a run in progress is waited
// for. The runs get the second context, which must outlive the first.
func Listen(ctx, runs context.Context, cfg Config) {
	if cfg.Lock != nil {
		held, release := cfg.Lock.hold(ctx, cfg.Log)
		if held == nil {
			return
		}
		defer release()
		ctx = held
	}
	l := listener{Config: cfg, runs: runs}
	l.listen(ctx)
}

type listener struct {
	Config
	runs   context.Context
	status schedule.Status
}

func (l *listener) listen(ctx context.Context) {
	pastDue := l.resume(ctx)
	l.Log.InfoContext(ctx, "timer listener started", slog.String("function", l.Function), slog.Time("next", l.status.Next))
	switch {
	case ctx.Err() != nil:
		return
	case pastDue:
		l.fire(Run{PastDue: true, Reason: "timer past due"}, false)
	case l.RunOnStartup:
		l.fire(Run{Reason: "timer at host start"}, false)
	}
	for l.await(ctx, l.status.Next) {
		l.fire(Run{Reason: "timer"}, true)
	}
}

// resume takes the stored status up and reports whether a run was missed.
func (l *listener) resume(ctx context.Context) (pastDue bool) {
	now := l.Now()
	l.status = schedule.Status{Next: l.Schedule.Next(now)}
	if l.Store == nil {
		return false
	}
	recorded, err := l.Store.Load(ctx)
	if err != nil {
		l.Log.ErrorContext(ctx, "reading the timer's status failed", slog.String("function", l.Function), slog.Any("error", err))
	}
	status, store, pastDue := schedule.Resume(l.Schedule, recorded, now)
	l.status = status
	if store {
		l.save(ctx)
	}
	return pastDue
}

// fire runs the function once and moves the status on.
func (l *listener) fire(run Run, regular bool) {
	began := l.Now()
	if l.Store != nil {
		status := l.status
		run.Status = &status
	}
	l.Fire(l.runs, run)
	l.status = schedule.Advance(l.Schedule, l.status, began, regular)
	if l.Store != nil {
		l.save(context.WithoutCancel(l.runs))
	}
}

func (l *listener) save(ctx context.Context) {
	if err := l.Store.Save(ctx, l.status); err != nil {
		l.Log.ErrorContext(ctx, "writing the timer's status failed", slog.String("function", l.Function), slog.Any("error", err))
	}
}

// await returns at the occurrence, or false when the context ends first.
func (l *listener) await(ctx context.Context, at time.Time) bool {
	for {
		left := at.Sub(l.Now())
		if ctx.Err() != nil {
			return false
		}
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(min(left, glance))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}
