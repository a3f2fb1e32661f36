package rotation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	// parallel is how many connections rotate at once. There are few of them
	// (one per partner tenant, as a rule) and nobody is waiting.
	parallel = 4
	// perConnection bounds one rotation, so that one tenant that hangs does
	// not hold up the others.
	perConnection = 3 * time.Minute
)

// RotateDue rotates every connection that is due. Connections are those of the
// ledger and those of the vault together: a lost row must not let a token die.
// What happens to one connection does not touch the others; its failure is in
// its Result. The error says that one of the two lists could not be read; the
// other one was worked through all the same.
func (r *Rotator) RotateDue(ctx context.Context) (Report, error) {
	report := Report{At: r.Now()}
	rows, err := r.connections(ctx)
	report.Results = make([]Result, len(rows))
	var g errgroup.Group
	g.SetLimit(parallel)
	for i, row := range rows {
		if v := Due(r.Now(), row); !v.Due {
			report.Results[i] = Result{Connection: row.ID, State: NotDue, Reason: v.Reason, Next: v.Next, From: row.Version}
			continue
		}
		g.Go(func() error {
			report.Results[i] = r.rotateInTime(ctx, row.ID)
			return nil
		})
	}
	_ = g.Wait() // its functions return none
	return report, err
}

// rotateInTime rotates one connection, which the schedule says is due; under
// the lease Rotate asks the schedule again.
func (r *Rotator) rotateInTime(ctx context.Context, conn sam.ConnectionID) Result {
	ctx, cancel := context.WithTimeout(ctx, perConnection)
	defer cancel()
	result, _ := r.Rotate(ctx, conn, false) // the error is in the result
	return result
}

// connections unites both lists, ordered by id. A connection without a row has
// only its id: never proved, hence due.
func (r *Rotator) connections(ctx context.Context) ([]ledger.Connection, error) {
	rows, errRows := r.Ledger.Connections(ctx)
	if errRows != nil {
		errRows = fmt.Errorf("list the connections of the ledger: %w", errRows)
	}
	ids, errIDs := r.Vault.Connections(ctx)
	if errIDs != nil {
		errIDs = fmt.Errorf("list the connections of the vault: %w", errIDs)
	}
	known := make(map[sam.ConnectionID]bool, len(rows))
	for _, row := range rows {
		known[row.ID] = true
	}
	united := slices.Clone(rows)
	for _, id := range ids {
		if !known[id] {
			united = append(united, ledger.Connection{ID: id})
		}
	}
	slices.SortFunc(united, func(a, b ledger.Connection) int { return cmp.Compare(a.ID, b.ID) })
	return united, errors.Join(errRows, errIDs)
}
