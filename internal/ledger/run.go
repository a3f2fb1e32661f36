package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// partitionRuns holds all runs, newest first.
const partitionRuns = "run"

// Run is one sweep over all customers, or over those chosen for a replay.
type Run struct {
	ID         string // sortable, begins with the time: "20261121T213000Z-4f2a"
	State      RunState
	Kind       RunKind // "" in rows of before there were kinds: a sweep
	Tasks      []string
	Connection sam.ConnectionID
	Opened     time.Time
	EnqueuedAt time.Time // when the last message was sent; zero before
	Deadline   time.Time
	Closed     time.Time // when it was closed, abandoned or cancelled; zero before and after a resumption
	Customers  int       // how many customers are visited
	Expected   int       // how many (customer, task) outcomes are expected; 0 while writing
	Sums       Sums
	Note       string

	CancelledBy string // who cancelled it last, as told; "" for nobody
	ResumedBy   string // who resumed it last
	ResumedAt   time.Time
	// HeldSince is since when outcomes wait for a connection that stands still,
	// and WokenAt when such jobs were last sent anew. Extended is by how much
	// the deadline was moved for that.
	HeldSince time.Time
	WokenAt   time.Time
	Extended  time.Duration
	// ReopenedAt is when somebody last announced that failed outcomes are to be
	// tried again; the run is not closed for a while after it.
	ReopenedAt time.Time
}

// AddRun writes a new run. Of several who add the same id one succeeds; the
// others get ErrExists, and so does one whose first answer was lost.
func (l *Ledger) AddRun(ctx context.Context, r Run) error {
	row, err := rows.Encode(runKey(r.ID), r.inUTC())
	if err == nil {
		err = l.runs.Insert(ctx, row)
	}
	if errors.Is(err, rows.ErrExists) {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("add run %s: %w", r.ID, err)
	}
	return nil
}

// ChangeRun lets change alter a run, against the row it was read from: whoever
// changes it meanwhile makes change be asked anew. change returns false to
// leave the row alone. It returns the run as it stands afterwards and whether
// this call changed it. A change that the law of runs forbids (see RunState
// and Run.allows) is refused with ErrRunLaw. ErrAbsent when there is none.
func (l *Ledger) ChangeRun(ctx context.Context, id string, change func(*Run) bool) (Run, bool, error) {
	for range maxAttempts {
		r, changed, err := l.changeRun(ctx, id, change)
		if err == nil {
			return r, changed, nil
		}
		if !errors.Is(err, rows.ErrChanged) {
			return r, false, fmt.Errorf("change run %s: %w", id, err)
		}
	}
	return Run{}, false, fmt.Errorf("change run %s: %w", id, ErrBusy)
}

// changeRun reads, decides and writes once.
func (l *Ledger) changeRun(ctx context.Context, id string, change func(*Run) bool) (Run, bool, error) {
	was, etag, err := get[Run](ctx, l.runs, runKey(id))
	if err != nil {
		return Run{}, false, err
	}
	next := was
	if !change(&next) {
		return was, false, nil
	}
	if err := was.allows(next); err != nil {
		return was, false, err
	}
	next = next.inUTC()
	row, err := rows.Encode(runKey(id), next)
	if err != nil {
		return was, false, err
	}
	row.ETag = etag
	return next, true, l.runs.Replace(ctx, row)
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

// inUTC is the run as it is kept.
func (r Run) inUTC() Run {
	r.Opened, r.EnqueuedAt, r.Deadline, r.Closed = utc(r.Opened), utc(r.EnqueuedAt), utc(r.Deadline), utc(r.Closed)
	r.ResumedAt, r.HeldSince, r.WokenAt, r.ReopenedAt = utc(r.ResumedAt), utc(r.HeldSince), utc(r.WokenAt), utc(r.ReopenedAt)
	return r
}

func runKey(id string) rows.Key {
	return rows.Key{Partition: partitionRuns, Row: rows.Inverted(id)}
}
