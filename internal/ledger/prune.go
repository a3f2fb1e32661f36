package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// runTime is how a run's id begins.
const runTime = "20060102T150405Z"

// PruneRuns removes runs over which nothing has happened since the given time,
// with their outcomes, and returns how many of each are gone: at most limit
// outcomes in one call, which the next one continues. A run that is being
// written or open is never touched. One that is cancelled is abandoned first,
// so that nobody resumes what is half removed.
func (l *Ledger) PruneRuns(ctx context.Context, before time.Time, limit int) (runs, outcomes int, err error) {
	q := rows.Query{Partition: partitionRuns, From: rows.Inverted(before.UTC().Format(runTime))}
	old, err := collect(records[Run](ctx, l.runs, q))
	if err != nil {
		return 0, 0, fmt.Errorf("old runs: %w", err)
	}
	for _, r := range old {
		if outcomes >= limit {
			break
		}
		if r.Closed.After(before) || r.ResumedAt.After(before) {
			continue
		}
		n, gone, err := l.forgetRun(ctx, r, limit-outcomes)
		if outcomes += n; err != nil {
			return runs, outcomes, fmt.Errorf("forget run %s: %w", r.ID, err)
		}
		if gone {
			runs++
		}
	}
	return runs, outcomes, nil
}

// forgetRun removes outcomes of a run that is over and, with the last of them,
// its row.
func (l *Ledger) forgetRun(ctx context.Context, r Run, limit int) (n int, gone bool, err error) {
	if r.State == RunCancelled {
		r, _, err = l.ChangeRun(ctx, r.ID, func(r *Run) bool {
			if r.State != RunCancelled {
				return false
			}
			r.State = RunAbandoned
			return true
		})
	}
	if err != nil || !r.State.Ended() {
		return 0, false, err
	}
	n, err = l.remove(ctx, l.outcomes, rows.Query{Partition: rows.Part(r.ID), Limit: limit}, limit, nil)
	if err != nil || n >= limit {
		return n, false, err
	}
	return n, true, l.runs.Delete(ctx, runKey(r.ID))
}

// PruneTrail removes audit lines older than the given time, at most limit of
// them, and returns how many. The trail of a connection that has a problem
// stays whole: it tells how that came about. It reads the whole table.
func (l *Ledger) PruneTrail(ctx context.Context, before time.Time, limit int) (int, error) {
	connections, err := l.Connections(ctx)
	if err != nil {
		return 0, err
	}
	keep := map[string]bool{}
	for _, c := range connections {
		keep[rows.Part(string(c.ID))] = c.Problem != nil || c.Warning != nil || !c.BrokenAt.IsZero()
	}
	q := rows.Query{From: fmt.Sprintf("%019d", math.MaxInt64-before.UnixNano())}
	n, err := l.remove(ctx, l.audit, q, limit, func(r rows.Row) bool { return keep[r.Partition] })
	if err != nil {
		return n, fmt.Errorf("forget old audit lines: %w", err)
	}
	return n, nil
}

// PruneStates removes consent states that expired before the given time, used
// or not, at most limit of them.
func (l *Ledger) PruneStates(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := l.remove(ctx, l.consentStates, rows.Query{Partition: partitionStates}, limit, func(r rows.Row) bool {
		var s ConsentState
		return r.Decode(&s) != nil || !s.ExpiresAt.Before(before)
	})
	if err != nil {
		return n, fmt.Errorf("forget old consent states: %w", err)
	}
	return n, nil
}

// ForgetCustomer removes what is kept of a customer that is gone. Findings that
// are still open are closed first, as observed at the given time, so that
// whoever was told of them hears of their end: false until those events are
// announced, when the next call removes the rest. The caller has removed the
// customer's results.
func (l *Ledger) ForgetCustomer(ctx context.Context, id sam.CustomerID, at time.Time) (bool, error) {
	sets, err := l.readSets(ctx, id)
	if err != nil {
		return false, fmt.Errorf("forget customer %s: %w", id, err)
	}
	told := true
	for task, set := range sets {
		if len(set.open) > 0 {
			if _, err := l.Reconcile(ctx, "", id, task, nil, at); err != nil {
				return false, err
			}
		}
		told = told && len(set.open)+len(set.events) == 0
	}
	if !told {
		return false, nil
	}
	if _, err := l.remove(ctx, l.findings, rows.Query{Partition: rows.Part(string(id))}, math.MaxInt, nil); err != nil {
		return false, fmt.Errorf("forget the findings of customer %s: %w", id, err)
	}
	if err := l.customers.Delete(ctx, customerKey(id)); err != nil {
		return false, fmt.Errorf("forget customer %s: %w", id, err)
	}
	return true, nil
}

// remove deletes rows that the query finds, except those to keep (nil: none),
// and returns how many: at most limit.
func (l *Ledger) remove(ctx context.Context, t rows.Table, q rows.Query, limit int, keep func(rows.Row) bool) (int, error) {
	byPartition, found := map[string][]rows.Action{}, 0
	for r, err := range t.Query(ctx, q) {
		if err != nil {
			return 0, err
		}
		if keep != nil && keep(r) {
			continue
		}
		byPartition[r.Partition] = append(byPartition[r.Partition], rows.Action{Kind: rows.Delete, Row: rows.Row{Key: r.Key}})
		if found++; found == limit {
			break
		}
	}
	removed := 0
	for _, actions := range byPartition {
		for len(actions) > 0 {
			n := rows.Fit(actions)
			if err := forget(ctx, t, actions[:n]); err != nil {
				return removed, err
			}
			removed += n
			actions = actions[n:]
		}
	}
	return removed, nil
}

// forget deletes the rows in one transaction or, when some are gone already,
// one by one.
func forget(ctx context.Context, t rows.Table, batch []rows.Action) error {
	if len(batch) > 1 {
		if err := t.Apply(ctx, batch); !errors.Is(err, rows.ErrConflict) {
			return err
		}
	}
	for _, a := range batch {
		if err := t.Delete(ctx, a.Row.Key); err != nil {
			return err
		}
	}
	return nil
}
