package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// The bounds of one round of pruning, which comes every five minutes: at 10,000
// customers and six tasks, six sweeps a day leave 360,000 outcomes, and 288
// rounds take away four times as many. A round is a second or two of deleting.
const (
	pruneRows      = 5000
	pruneCustomers = 50
)

// pruneEvery is how often the tables are looked through that have to be read
// whole for it; beatPruned tells when that was last done to the end.
const (
	pruneEvery = 24 * time.Hour
	beatPruned = "pruned"
)

// Pruned is how much of each kind a round removed.
type Pruned struct {
	Runs, Outcomes, Poisoned, Audit, States, Customers int
}

// Total is all of it.
func (p Pruned) Total() int {
	return p.Runs + p.Outcomes + p.Poisoned + p.Audit + p.States + p.Customers
}

// ResultForgetter is Results that can remove what they keep of a customer.
// Results that cannot keep it.
type ResultForgetter interface {
	ForgetResults(ctx context.Context, customer sam.CustomerID) error
}

// Prune removes what is older than the retention: runs that are over with their
// outcomes, given-up messages, consent states and what is kept of customers
// that are gone; and audit lines older than theirs. It does a bounded amount,
// which the next round continues, and never touches a run that goes on.
// Supervise calls it.
func (j *Jobs) Prune(ctx context.Context) (Pruned, error) {
	var p Pruned
	now := j.Now()
	var err error
	if p.Runs, p.Outcomes, err = j.Ledger.PruneRuns(ctx, now.Add(-j.Retention), pruneRows); err != nil {
		return p, err
	}
	beats, err := j.Ledger.Heartbeats(ctx)
	if err != nil || now.Sub(beats[beatPruned]) < pruneEvery {
		return p, err
	}
	more, err := j.pruneRest(ctx, &p, now)
	if err != nil || more {
		return p, err
	}
	return p, j.Ledger.Beat(ctx, now, beatPruned)
}

// pruneRest looks through the other tables and reports whether anything is left
// for the next round. One that fails does not keep the others.
func (j *Jobs) pruneRest(ctx context.Context, p *Pruned, now time.Time) (more bool, err error) {
	old := now.Add(-j.Retention)
	var failed [4]error
	p.Poisoned, failed[0] = j.Ledger.ForgetPoisoned(ctx, old, pruneRows)
	p.Audit, failed[1] = j.Ledger.PruneTrail(ctx, now.Add(-j.AuditRetention), pruneRows)
	p.States, failed[2] = j.Ledger.PruneStates(ctx, old, pruneRows)
	left, err := j.pruneCustomers(ctx, p, now)
	failed[3] = err
	return left || p.Poisoned == pruneRows || p.Audit == pruneRows || p.States == pruneRows, errors.Join(failed[:]...)
}

// pruneCustomers forgets customers that are gone: results first, the customer's
// own row last, so that a crash leaves somebody to be found by the next round.
func (j *Jobs) pruneCustomers(ctx context.Context, p *Pruned, now time.Time) (more bool, err error) {
	all, err := j.Ledger.Customers(ctx)
	if err != nil {
		return false, err
	}
	gone := departed(all, j.Retention)
	for _, id := range gone[:min(len(gone), pruneCustomers)] {
		if results, can := j.Results.(ResultForgetter); can {
			if err := results.ForgetResults(ctx, id); err != nil {
				return true, err
			}
		}
		forgotten, err := j.Ledger.ForgetCustomer(ctx, id, now)
		if err != nil {
			return true, fmt.Errorf("prune: %w", err)
		}
		if forgotten {
			p.Customers++
		} else {
			more = true // its findings' end is told first
		}
	}
	return more || len(gone) > pruneCustomers, nil
}

// departed lists the customers that discovery has missed for the retention while
// it saw others of the same partner tenant. Where nobody is seen any more,
// discovery is what fails, and nobody counts as gone.
func departed(all []sam.Customer, retention time.Duration) []sam.CustomerID {
	newest := map[sam.TenantID]time.Time{}
	for _, c := range all {
		if t := c.Connection.Tenant(); c.SeenAt.After(newest[t]) {
			newest[t] = c.SeenAt
		}
	}
	var gone []sam.CustomerID
	for _, c := range all {
		if newest[c.Connection.Tenant()].Sub(c.SeenAt) > retention {
			gone = append(gone, c.ID)
		}
	}
	return gone
}
