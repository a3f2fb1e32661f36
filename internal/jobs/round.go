package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// rounds is how long a job waits before its next round of five deliveries, when
// the round before ended for a reason that may pass: five deliveries are over
// in as many minutes, and an instance that is killed again and again, or a
// storage account that is away for longer, says nothing about the job. A task
// that ends the process each time is given up after the last round; the other
// tasks of the job have had their turn by then.
var rounds = [...]time.Duration{
	30 * time.Second, // 0:00:30  an instance is replaced
	5 * time.Minute,  // 0:05:30  a restart of the app, an outage of storage
}

// mayPass reports whether the reason a round ended with says nothing about the
// job itself.
func mayPass(p ledger.Poisoned) bool {
	return p.Class == sam.ClassRetry || p.Code == codeCrashed || p.Code == CodePoisoned
}

// anotherRound sends a given-up job once more, for the outcomes it leaves open,
// if there is a round left and the run still takes outcomes by then. Message
// first, rows second: a death in between costs a duplicate.
func (j *Jobs) anotherRound(ctx context.Context, m Message, open []ledger.Outcome, why ledger.Poisoned) (bool, error) {
	if m.Round >= len(rounds) || !mayPass(why) {
		return false, nil
	}
	delay := Jitter(rounds[m.Round], j.Random())
	due := j.Now().Add(delay)
	run, err := j.Ledger.Run(ctx, m.Run)
	if errors.Is(err, ledger.ErrAbsent) || err == nil && (run.State != ledger.RunOpen || !due.Before(run.Deadline)) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("given-up job of customer %s: %w", m.Customer, err)
	}
	next := Message{Run: m.Run, Customer: m.Customer, Connection: m.Connection, Try: m.Try, Round: m.Round + 1}
	for _, o := range open {
		next.Tasks = append(next.Tasks, o.Task)
	}
	if err := j.send(ctx, next, delay); err != nil {
		return false, err
	}
	for _, o := range open {
		o.RetryAt, o.UpdatedAt, o.State = due, j.Now(), sam.Retry
		if o.Class == "" {
			o.Class, o.Code, o.Plain, o.Fix, o.RequestID = why.Class, why.Code, why.Plain, why.Fix, why.RequestID
		}
		if err := j.Ledger.PutOutcome(ctx, o); err != nil {
			return false, err
		}
	}
	j.Log.WarnContext(ctx, "job gets another round of deliveries", inRun(m.Run), atCustomer(m.Customer), slog.Any("tasks", next.Tasks),
		slog.Int("round", next.Round), slog.String("delay", delay.String()), slog.String("class", string(why.Class)), slog.String("code", why.Code), slog.String("problem", why.Plain))
	return true, j.keep(ctx, string(m.Customer), fmt.Sprintf("another round of deliveries (%d): %s %s", next.Round, why.Class, why.Code), why.Body, m.Run)
}
