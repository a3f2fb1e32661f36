package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// expectWriters is how many transactions of expected outcomes are under way at
// once; they all go to one partition, which takes about 2,000 rows a second.
const expectWriters = 4

// Outcome is what became of one task at one customer in one run.
type Outcome struct {
	Run                         string
	Customer                    sam.CustomerID
	Task                        string
	State                       sam.OutcomeState
	Reason                      sam.Reason // with Skipped
	Class                       sam.Class  // with Retry and Failed
	Code, Plain, Fix, RequestID string
	Try                         int // 1 is the first
	Findings                    int // how many are open now
	UpdatedAt                   time.Time
	RetryAt                     time.Time // with Retry
}

// Supersedes reports whether an outcome may be written over the recorded one
// of the same run, customer and task. What is final stays: sums that were once
// right never become wrong, whoever comes late. An open row takes whatever
// comes, except going back to expected.
func (o Outcome) Supersedes(recorded Outcome) bool {
	return !recorded.State.Final() && o.State != sam.Expected
}

// Expect writes the outcomes that a run expects. It adds rows only: what is
// there already, from an earlier attempt or from a quick job, stays. All must
// be of runs that the caller is opening; UpdatedAt is stamped when zero.
func (l *Ledger) Expect(ctx context.Context, expected []Outcome) error {
	byRun := map[string][]rows.Action{}
	seen := make(map[rows.Key]bool, len(expected))
	for _, o := range expected {
		r, err := l.outcomeRow(o)
		if err != nil {
			return err
		}
		if !seen[r.Key] { // a transaction may name a row once
			seen[r.Key] = true
			byRun[o.Run] = append(byRun[o.Run], rows.Action{Kind: rows.Insert, Row: r})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(expectWriters)
	for run, actions := range byRun {
		there := sync.OnceValues(func() (map[rows.Key]bool, error) { return l.written(ctx, run) })
		for len(actions) > 0 {
			n := rows.Fit(actions)
			batch := actions[:n]
			actions = actions[n:]
			group.Go(func() error { return l.insertMissing(ctx, batch, there) })
		}
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("write %d expected outcomes: %w", len(expected), err)
	}
	return nil
}

// written is the keys of a run's outcomes.
func (l *Ledger) written(ctx context.Context, run string) (map[rows.Key]bool, error) {
	keys := map[rows.Key]bool{}
	for r, err := range l.outcomes.Query(ctx, rows.Query{Partition: rows.Part(run)}) {
		if err != nil {
			return nil, err
		}
		keys[r.Key] = true
	}
	return keys, nil
}

// insertMissing adds the rows in one transaction. When some are there already,
// since an earlier writer died here, the others go in a second one: whoever
// completes a run must be quicker than who began it, or a storm keeps it from
// ever being open. Only where somebody adds the same rows at this moment do
// they go one by one.
func (l *Ledger) insertMissing(ctx context.Context, batch []rows.Action, there func() (map[rows.Key]bool, error)) error {
	err := l.outcomes.Apply(ctx, batch)
	if !errors.Is(err, rows.ErrConflict) {
		return err
	}
	written, err := there()
	if err != nil {
		return err
	}
	batch = slices.DeleteFunc(slices.Clone(batch), func(a rows.Action) bool { return written[a.Row.Key] })
	if len(batch) == 0 {
		return nil
	}
	if err := l.outcomes.Apply(ctx, batch); !errors.Is(err, rows.ErrConflict) {
		return err
	}
	for _, a := range batch {
		if err := l.outcomes.Insert(ctx, a.Row); err != nil && !errors.Is(err, rows.ErrExists) {
			return err
		}
	}
	return nil
}

// PutOutcome records what became of a task. When [Outcome.Supersedes] says no
// it changes nothing and returns nil: the record is already better.
func (l *Ledger) PutOutcome(ctx context.Context, o Outcome) error {
	r, err := l.outcomeRow(o)
	if err != nil {
		return err
	}
	for range maxAttempts {
		if err = l.putOutcome(ctx, o, r); err == nil {
			return nil
		}
		if !errors.Is(err, rows.ErrChanged) && !errors.Is(err, rows.ErrExists) {
			return fmt.Errorf("put outcome %s of customer %s: %w", o.Task, o.Customer, err)
		}
	}
	return fmt.Errorf("put outcome %s of customer %s: %w", o.Task, o.Customer, ErrBusy)
}

// putOutcome decides by what the job was shown, or reads, and writes once.
func (l *Ledger) putOutcome(ctx context.Context, o Outcome, r rows.Row) error {
	if shown, ok := l.shown.take(r.Key); ok && o.Supersedes(shown.outcome) {
		r.ETag = shown.etag
		return l.outcomes.Replace(ctx, r)
	}
	recorded, etag, err := get[Outcome](ctx, l.outcomes, r.Key)
	switch {
	case errors.Is(err, ErrAbsent):
		return l.outcomes.Insert(ctx, r)
	case err != nil:
		return err
	case !o.Supersedes(recorded):
		return nil
	}
	r.ETag = etag
	return l.outcomes.Replace(ctx, r)
}

// Outcome reads one outcome, or ErrAbsent.
func (l *Ledger) Outcome(ctx context.Context, run string, customer sam.CustomerID, task string) (Outcome, error) {
	o, _, err := get[Outcome](ctx, l.outcomes, outcomeKey(run, customer, task))
	if err != nil {
		return Outcome{}, fmt.Errorf("outcome %s of customer %s: %w", task, customer, err)
	}
	return o, nil
}

// Outcomes yields a run's outcomes by customer and task, page by page, and
// ends after the first error.
func (l *Ledger) Outcomes(ctx context.Context, run string) iter.Seq2[Outcome, error] {
	return records[Outcome](ctx, l.outcomes, rows.Query{Partition: rows.Part(run)})
}

// Job lists the outcomes of one customer in one run, by task; none is no error.
func (l *Ledger) Job(ctx context.Context, run string, customer sam.CustomerID) ([]Outcome, error) {
	from, to := rows.Under(string(customer))
	var all []Outcome
	for r, err := range l.outcomes.Query(ctx, rows.Query{Partition: rows.Part(run), From: from, To: to}) {
		var o Outcome
		if err == nil {
			err = r.Decode(&o)
		}
		if err != nil {
			return nil, fmt.Errorf("job of customer %s in run %s: %w", customer, run, err)
		}
		l.shown.show(r.Key, version{o, r.ETag})
		all = append(all, o)
	}
	return all, nil
}

func (l *Ledger) outcomeRow(o Outcome) (rows.Row, error) {
	if o.UpdatedAt.IsZero() {
		o.UpdatedAt = l.now()
	}
	o.UpdatedAt, o.RetryAt = utc(o.UpdatedAt), utc(o.RetryAt)
	return rows.Encode(outcomeKey(o.Run, o.Customer, o.Task), o)
}

func outcomeKey(run string, customer sam.CustomerID, task string) rows.Key {
	return rows.Key{Partition: rows.Part(run), Row: rows.Join(string(customer), task)}
}
