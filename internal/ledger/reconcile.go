package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Reconcile makes the findings of one customer and task equal to what was
// observed at the given time: it opens what is new, refreshes what is still
// there and closes what is gone, each exactly once however many callers race.
// An observation older than the last one applied changes nothing. It returns
// the events of this customer and task that were not announced yet, its own
// and older ones. After an error the same call completes what was begun.
func (l *Ledger) Reconcile(ctx context.Context, run string, customer sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]Event, error) {
	seen := observation{run: run, customer: customer, task: task, at: utc(at), findings: now}
	for refused := 0; refused < maxAttempts; {
		events, finished, err := l.reconcileOnce(ctx, seen)
		switch {
		case errors.Is(err, rows.ErrConflict):
			refused++
		case err != nil:
			return nil, fmt.Errorf("reconcile %s of customer %s: %w", task, customer, err)
		case finished:
			return events, nil
		}
	}
	return nil, fmt.Errorf("reconcile %s of customer %s: %w", task, customer, ErrBusy)
}

// reconcileOnce reads the set, decides, and applies as much as one transaction
// takes. Every transaction writes the mark of the set over the version that
// was read: that is what lets only one of several callers through.
func (l *Ledger) reconcileOnce(ctx context.Context, o observation) (unsent []Event, finished bool, err error) {
	set, err := l.findingSet(ctx, o)
	if err != nil {
		return nil, false, err
	}
	changes, due := diff(set, o)
	if !due {
		return set.events, true, nil
	}
	actions, taken, err := transaction(set, o, changes)
	if err != nil {
		return nil, false, err
	}
	if err := l.findings.Apply(ctx, actions); err != nil {
		return nil, false, err
	}
	for _, c := range changes[:taken] {
		if c.event != nil {
			set.events = append(set.events, *c.event)
		}
	}
	return set.events, taken == len(changes), nil
}

// transaction packs the mark and as many whole changes as fit; a finding and
// its event are never parted.
func transaction(set findingSet, o observation, changes []change) (actions []rows.Action, taken int, err error) {
	mark, err := set.markAction(o)
	if err != nil {
		return nil, 0, err
	}
	actions = []rows.Action{mark}
	for _, c := range changes {
		more, err := c.actions()
		if err != nil {
			return nil, 0, err
		}
		if whole := append(actions, more...); rows.Fit(whole) == len(whole) {
			actions = whole
			taken++
			continue
		}
		break
	}
	if taken == 0 && len(changes) > 0 {
		return nil, 0, fmt.Errorf("finding %s does not fit a transaction", changes[0].finding.ID)
	}
	return actions, taken, nil
}
