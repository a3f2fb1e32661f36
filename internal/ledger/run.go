package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// partitionRuns holds all runs, newest first.
const partitionRuns = "run"

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	RunWriting   RunState = "writing"   // expected outcomes and messages are being written
	RunOpen      RunState = "open"      // everything is on its way
	RunClosed    RunState = "closed"    // expected = done + skipped + failed
	RunAbandoned RunState = "abandoned" // given up; Note says why
)

// Run is one sweep over all customers.
type Run struct {
	ID         string // sortable, begins with the time: "20261121T213000Z-4f2a"
	State      RunState
	Tasks      []string
	Connection sam.ConnectionID
	Opened     time.Time
	EnqueuedAt time.Time // when the last message was sent; zero before
	Deadline   time.Time
	Closed     time.Time // zero while not closed
	Customers  int       // how many customers are visited
	Expected   int       // how many (customer, task) outcomes are expected
	Sums       Sums
	Note       string
}

// PutRun writes a run over what was known about it.
func (l *Ledger) PutRun(ctx context.Context, r Run) error {
	r.Opened, r.EnqueuedAt, r.Deadline, r.Closed = utc(r.Opened), utc(r.EnqueuedAt), utc(r.Deadline), utc(r.Closed)
	if err := put(ctx, l.runs, runKey(r.ID), r); err != nil {
		return fmt.Errorf("put run %s: %w", r.ID, err)
	}
	return nil
}

// Run reads one run, or ErrAbsent.
func (l *Ledger) Run(ctx context.Context, id string) (Run, error) {
	r, _, err := get[Run](ctx, l.runs, runKey(id))
	if err != nil {
		return Run{}, fmt.Errorf("run %s: %w", id, err)
	}
	return r, nil
}

// Runs lists the newest runs first, at most limit of them; 0 means all.
func (l *Ledger) Runs(ctx context.Context, limit int) ([]Run, error) {
	all, err := collect(records[Run](ctx, l.runs, rows.Query{Partition: partitionRuns, Limit: limit}))
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	return all, nil
}

func runKey(id string) rows.Key {
	return rows.Key{Partition: partitionRuns, Row: rows.Inverted(id)}
}
