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

// recentRuns is how many runs a replay looks back.
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

// openOrFind returns the unfinished sweep, completing one whose writer died, or
// opens a new one. Replays stand in nobody's way. The caller holds the sweep
// lock.
func (j *Jobs) openOrFind(ctx context.Context) (ledger.Run, error) {
	runs, err := j.Ledger.Runs(ctx, 0)
	if err != nil {
		return ledger.Run{}, err
	}
	now := j.Now()
	for _, run := range runs {
		if run.Kind == ledger.KindReplay || !now.Before(run.Deadline) {
			continue // what is late, the supervisor settles
		}
		switch run.State {
		case ledger.RunOpen:
			j.Log.InfoContext(ctx, "a run is still open, none is begun", inRun(run.ID))
			return run, nil
		case ledger.RunWriting:
			return j.write(ctx, run)
		case ledger.RunClosed, ledger.RunAbandoned, ledger.RunCancelled:
		}
	}
	return j.write(ctx, j.newRun(ledger.KindSweep, j.Tasks.Names()))
}

// newRun is a run that is nowhere but in memory yet.
func (j *Jobs) newRun(kind ledger.RunKind, tasks []string) ledger.Run {
	now := j.Now()
	return ledger.Run{
		ID: newRunID(now), State: ledger.RunWriting, Kind: kind, Tasks: tasks,
		Opened: now, Deadline: now.Add(j.RunDeadline),
	}
}

// write takes a sweep from nothing, or from wherever its last writer died, to
// open with all its messages sent. Each step may be repeated.
func (j *Jobs) write(ctx context.Context, run ledger.Run) (ledger.Run, error) {
	found, err := j.discover(ctx)
	if err != nil {
		return run, j.postponeOpening(ctx, run, err)
	}
	if err := j.Ledger.PutCustomers(ctx, found.customers); err != nil {
		return run, err
	}
	run.Connection, run.Note = found.only, found.note
	return j.fill(ctx, run, found.customers)
}

// fill writes the run, its expected outcomes, that it is open, and then sends
// its messages. A run that somebody else opened, ended or cancelled meanwhile
// is returned as it is; that one sends its messages.
func (j *Jobs) fill(ctx context.Context, run ledger.Run, customers []sam.Customer) (ledger.Run, error) {
	run.Customers = len(customers)
	note := run.Note
	run, err := j.enter(ctx, run)
	if err != nil || run.State != ledger.RunWriting {
		return run, err
	}
	if err := j.expect(ctx, run, customers); err != nil {
		return run, err
	}
	// What the rows say, not what we meant to write: an earlier writer may have
	// seen customers that discovery no longer shows.
	sums, err := ledger.Tally(j.Ledger.Outcomes(ctx, run.ID))
	if err != nil {
		return run, err
	}
	run, opened, err := j.Ledger.ChangeRun(ctx, run.ID, func(r *ledger.Run) bool {
		if r.State != ledger.RunWriting {
			return false
		}
		r.State, r.Sums, r.Expected, r.Note = ledger.RunOpen, sums, sums.Final()+sums.Pending, note
		return true
	})
	if err != nil || !opened && run.State != ledger.RunOpen {
		return run, err
	}
	if err := j.enqueue(ctx, run, customers); err != nil {
		return run, err
	}
	j.Log.InfoContext(ctx, "run opened", inRun(run.ID), slog.Int("customers", run.Customers), slog.Int("expected", run.Expected))
	return j.sentAll(ctx, run.ID)
}

// enter writes down what is known of a run that is being opened: as a row of
// its own, or over the one that an earlier writer left.
func (j *Jobs) enter(ctx context.Context, run ledger.Run) (ledger.Run, error) {
	err := j.Ledger.AddRun(ctx, run)
	if !errors.Is(err, ledger.ErrExists) {
		return run, err
	}
	run, _, err = j.Ledger.ChangeRun(ctx, run.ID, func(r *ledger.Run) bool {
		if r.State != ledger.RunWriting {
			return false
		}
		r.Connection, r.Note, r.Customers = run.Connection, run.Note, run.Customers
		return true
	})
	return run, err
}

// sentAll notes that the run's messages have been sent, now.
func (j *Jobs) sentAll(ctx context.Context, id string) (ledger.Run, error) {
	run, _, err := j.Ledger.ChangeRun(ctx, id, func(r *ledger.Run) bool {
		if r.State != ledger.RunOpen {
			return false
		}
		r.EnqueuedAt = j.Now()
		return true
	})
	return run, err
}

// openFor opens a run of its own for chosen customers and tasks, whatever their
// last known access, and sends its messages. Sweeps and it do not block each
// other. After an error of sending, the run is open and the supervisor sends
// what is missing; after any other the run is abandoned in time, and the caller
// may call again.
func (j *Jobs) openFor(ctx context.Context, customers []sam.Customer, tasks []string, note string) (ledger.Run, error) {
	if len(customers) == 0 || len(tasks) == 0 {
		return ledger.Run{}, fmt.Errorf("open a run for %d customers and %d tasks: %w", len(customers), len(tasks), errNothingChosen)
	}
	chosen := make([]sam.Customer, len(customers))
	for i, c := range customers {
		c.Access = sam.NoReason
		chosen[i] = c
	}
	run := j.newRun(ledger.KindReplay, inOrder(j.Tasks, tasks))
	run.Note = note
	run, err := j.fill(ctx, run, chosen)
	if err != nil {
		return run, fmt.Errorf("open a run for %d customers: %w", len(customers), err)
	}
	return run, nil
}

// errNothingChosen refuses a run that would expect nothing.
var errNothingChosen = errors.New("nothing is chosen")

// postponeOpening keeps a run that could not be begun, so that the supervisor
// begins it minutes later: the next timer is hours away. Without a connection
// there is nothing to try again. It returns the cause.
func (j *Jobs) postponeOpening(ctx context.Context, run ledger.Run, cause error) error {
	if errors.Is(cause, ErrNoConnections) {
		return cause
	}
	run.Note = "Not begun yet, tried again every few minutes: " + cause.Error()
	_, err := j.enter(ctx, run)
	return errors.Join(cause, err)
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
