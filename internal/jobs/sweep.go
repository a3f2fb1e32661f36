package jobs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// senders is how many messages are under way at once.
const senders = 32

// expectBatch is how many expected rows are handed to the ledger at once.
const expectBatch = 2000

// recentRuns is how far back unfinished runs are looked for. Runs last hours
// and begin hours apart, so a handful is unfinished at most.
const recentRuns = 50

// OpenRun begins a sweep over all customers and returns its run. While an
// earlier run is open and before its deadline, or another process is opening
// one, nothing is begun and that run is returned; this is no error. The errors
// are ErrNoConnections, fleet.ErrNoCustomers, a *sam.Problem of discovery, and
// those of the storage. After an error of sending, the run is open and the
// supervisor sends what is missing.
func (j *Jobs) OpenRun(ctx context.Context) (ledger.Run, error) {
	var run ledger.Run
	err := j.holding(ctx, lockSweep, func(ctx context.Context) error {
		var err error
		run, err = j.openOrFind(ctx)
		return err
	})
	if errors.Is(err, ErrHeld) {
		return j.newestRun(ctx)
	}
	if err != nil {
		return run, fmt.Errorf("open a run: %w", err)
	}
	return run, nil
}

// newestRun is what another process is busy with, as far as it has got.
func (j *Jobs) newestRun(ctx context.Context) (ledger.Run, error) {
	runs, err := j.Ledger.Runs(ctx, 1)
	if err != nil || len(runs) == 0 {
		return ledger.Run{}, err
	}
	return runs[0], nil
}

// openOrFind returns the unfinished run, completing one whose writer died, or
// opens a new one. The caller holds the sweep lock.
func (j *Jobs) openOrFind(ctx context.Context) (ledger.Run, error) {
	runs, err := j.Ledger.Runs(ctx, recentRuns)
	if err != nil {
		return ledger.Run{}, err
	}
	now := j.Now()
	for _, run := range runs {
		if !now.Before(run.Deadline) {
			continue // the supervisor settles it
		}
		switch run.State {
		case ledger.RunOpen:
			j.Log.InfoContext(ctx, "a run is still open, none is begun", inRun(run.ID))
			return run, nil
		case ledger.RunWriting:
			return j.write(ctx, run)
		case ledger.RunClosed, ledger.RunAbandoned:
		}
	}
	return j.write(ctx, ledger.Run{
		ID: newRunID(now), State: ledger.RunWriting, Tasks: j.Tasks.Names(),
		Opened: now, Deadline: now.Add(j.RunDeadline),
	})
}

// write takes a run from nothing, or from wherever its last writer died, to
// open with all its messages sent. Each step may be repeated.
func (j *Jobs) write(ctx context.Context, run ledger.Run) (ledger.Run, error) {
	found, err := j.discover(ctx)
	if err != nil {
		return run, j.postponeOpening(ctx, run, err)
	}
	if err := j.Ledger.PutCustomers(ctx, found.customers); err != nil {
		return run, err
	}
	run.Connection, run.Note, run.Customers = found.only, found.note, len(found.customers)
	if err := j.Ledger.PutRun(ctx, run); err != nil {
		return run, err
	}
	if err := j.expect(ctx, run, found.customers); err != nil {
		return run, err
	}
	if run.Sums, err = ledger.Tally(j.Ledger.Outcomes(ctx, run.ID)); err != nil {
		return run, err
	}
	// What the rows say, not what we meant to write: an earlier writer may have
	// seen customers that discovery no longer shows.
	run.Expected = run.Sums.Final() + run.Sums.Pending
	run.State = ledger.RunOpen
	if err := j.Ledger.PutRun(ctx, run); err != nil {
		return run, err
	}
	if err := j.enqueue(ctx, run, found.customers); err != nil {
		return run, err
	}
	run.EnqueuedAt = j.Now()
	j.Log.InfoContext(ctx, "run opened", inRun(run.ID), slog.Int("customers", run.Customers), slog.Int("expected", run.Expected))
	return run, j.Ledger.PutRun(ctx, run)
}

// postponeOpening keeps a run that could not be begun, so that the supervisor
// begins it minutes later: the next timer is hours away. Without a connection
// there is nothing to try again. It returns the cause.
func (j *Jobs) postponeOpening(ctx context.Context, run ledger.Run, cause error) error {
	if errors.Is(cause, ErrNoConnections) {
		return cause
	}
	run.Note = "Not begun yet, tried again every few minutes: " + cause.Error()
	return errors.Join(cause, j.Ledger.PutRun(ctx, run))
}

// expect writes one row for each customer and task: expected, or skipped at
// once where discovery already knows that there is no way in.
func (j *Jobs) expect(ctx context.Context, run ledger.Run, customers []sam.Customer) error {
	var batch []ledger.Outcome
	for i, c := range customers {
		worth := j.Tasks.worth(run.Tasks, c)
		for _, task := range run.Tasks {
			batch = append(batch, expected(run, c, task, slices.Contains(worth, task), j.Now()))
		}
		if len(batch) < expectBatch && i < len(customers)-1 {
			continue
		}
		if err := j.Ledger.Expect(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return nil
}

func expected(run ledger.Run, c sam.Customer, task string, worth bool, now time.Time) ledger.Outcome {
	o := ledger.Outcome{Run: run.ID, Customer: c.ID, Task: task, State: sam.Expected, UpdatedAt: now}
	if !worth {
		o.State, o.Reason, o.Class = sam.Skipped, c.Access, sam.ClassCustomer
		o.Plain, o.Fix = explain(c.Access)
	}
	return o
}

// visitable reports whether discovery leaves a way in.
func visitable(c sam.Customer) bool { return c.Access == sam.NoReason }

// enqueue sends one message for each customer with something to do, a few at a
// time.
func (j *Jobs) enqueue(ctx context.Context, run ledger.Run, customers []sam.Customer) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(senders)
	for _, c := range customers {
		if worth := j.Tasks.worth(run.Tasks, c); len(worth) > 0 {
			m := Message{Run: run.ID, Customer: c.ID, Connection: c.Connection, Tasks: worth, Try: 1}
			group.Go(func() error { return j.send(ctx, m, 0) })
		}
	}
	return group.Wait()
}

// newRunID is sortable by time; the tail tells runs of one second apart.
func newRunID(now time.Time) string {
	tail := make([]byte, 2)
	_, _ = rand.Read(tail) // never fails, see crypto/rand
	return strings.Join([]string{now.UTC().Format("20060102T150405Z"), hex.EncodeToString(tail)}, "-")
}
