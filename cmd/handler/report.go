package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// The tasks of the timers: what a room did, as attributes for the log.

// rotate logs each connection that was not simply left alone. A failed rotation
// fails the invocation, so that the host's own record shows it; the schedule
// tries again whatever the host does.
func rotate(r *rotation.Rotator, log *slog.Logger) handlers.Task {
	return func(ctx context.Context) ([]slog.Attr, error) {
		report, err := r.RotateDue(ctx)
		var failures []error
		for _, one := range report.Results {
			if one.State == rotation.NotDue {
				continue
			}
			attrs := []slog.Attr{slog.String("connection_id", string(one.Connection)), slog.String("state", string(one.State)), slog.String("reason", one.Reason)}
			if one.Err != nil {
				attrs = append(attrs, slog.String("error", one.Err.Error()))
			}
			log.LogAttrs(ctx, rotationLevel(one), "rotation", attrs...)
			if one.State == rotation.Failed {
				failures = append(failures, fmt.Errorf("rotate connection %s: %w", one.Connection, one.Err))
			}
		}
		attrs := []slog.Attr{
			slog.Int("connections", len(report.Results)), slog.Int("rotated", report.Count(rotation.Rotated)),
			slog.Int("failed", report.Count(rotation.Failed)), slog.Int("not_due", report.Count(rotation.NotDue)),
		}
		if err == nil && len(failures) == 0 {
			return attrs, nil
		}
		return attrs, &rotationsError{lists: err, connections: failures}
	}
}

// rotationsError tells what failed of a rotation round apart: reading the
// lists of connections, or connections one by one.
type rotationsError struct {
	lists       error
	connections []error
}

// Error names all failures.
func (e *rotationsError) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap returns all failures.
func (e *rotationsError) Unwrap() []error {
	if e.lists == nil {
		return e.connections
	}
	return append([]error{e.lists}, e.connections...)
}

// rotationLevel: the room raises what needs a person itself, once.
func rotationLevel(r rotation.Result) slog.Level {
	if r.State == rotation.Failed || r.Err != nil {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// raiser tells the person in charge through the log: error lines are what
// alert rules of the function app listen to.
func raiser(log *slog.Logger) func(context.Context, ledger.Connection) error {
	return func(ctx context.Context, c ledger.Connection) error {
		attrs := []slog.Attr{slog.String("connection_id", string(c.ID))}
		if p := c.Problem; p != nil {
			attrs = append(attrs, slog.String("class", string(p.Class)), slog.String("code", p.Code), slog.String("problem", p.Plain), slog.String("fix", p.Fix), slog.String("request_id", p.RequestID))
		}
		log.LogAttrs(ctx, slog.LevelError, "a connection needs a person", attrs...)
		return nil
	}
}

// unknownCode asks for a row in the table of codes: a person should look at
// what it means, and tell the maintainers.
func unknownCode(log *slog.Logger) func(*sam.Problem) {
	return func(p *sam.Problem) {
		log.LogAttrs(context.Background(), slog.LevelError, "Entra answered with a code that samkeeper does not know",
			slog.String("code", p.Code), slog.String("request_id", p.RequestID), slog.String("tenant_id", string(p.Tenant)),
			slog.String("class", string(p.Class)), slog.String("fix", "look the code up and report it with the request id, which is the trace id"))
	}
}

func openRun(j *jobs.Jobs) handlers.Task {
	return func(ctx context.Context) ([]slog.Attr, error) {
		run, err := j.OpenRun(ctx)
		return []slog.Attr{slog.String("run", run.ID), slog.String("state", string(run.State)), slog.Int("customers", run.Customers), slog.Int("expected", run.Expected)}, err
	}
}

func supervise(j *jobs.Jobs) handlers.Task {
	return func(ctx context.Context) ([]slog.Attr, error) {
		s, err := j.Supervise(ctx)
		return []slog.Attr{
			slog.Any("closed", s.Closed), slog.Any("completed", s.Completed), slog.Any("abandoned", s.Abandoned),
			slog.Int("requeued", s.Requeued), slog.Int("woken", s.Woken), slog.Int("settled", s.Settled), slog.Int("announced", s.Announced), slog.Any("stalled", s.Stalled), slog.Int("pruned", s.Pruned.Total()),
		}, err
	}
}
