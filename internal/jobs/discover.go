package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
)

// ErrNoConnections says that there is nobody to sweep as.
var ErrNoConnections = errors.New("no connection in the ledger: open the consent page and sign in once")

// found is what all connections together discovered.
type found struct {
	customers []sam.Customer // each once
	only      sam.ConnectionID
	note      string
}

// discover asks every bench of connections for its customers. One bench that
// fails is noted and does not keep the others from being swept; if all fail,
// their errors are returned.
func (j *Jobs) discover(ctx context.Context) (found, error) {
	benches, err := j.inUse(ctx)
	if err != nil {
		return found{}, err
	}
	var out found
	var notes []string
	var failed []error
	for _, bench := range benches {
		id, d, err := j.ask(ctx, bench)
		if err != nil {
			failed = append(failed, err)
			notes = append(notes, fmt.Sprintf("Connection %s could not list its customers: %v", id, err))
			continue
		}
		if d.Partial {
			notes = append(notes, d.Note)
		}
		out.customers = append(out.customers, d.Customers...)
		if len(benches) == 1 {
			out.only = id
		}
	}
	if len(failed) > 0 && len(out.customers) == 0 {
		return found{}, errors.Join(failed...)
	}
	if out.customers, err = j.once(ctx, out.customers); err != nil {
		return found{}, err
	}
	if out.note = strings.Join(notes, " "); out.note != "" {
		j.Log.WarnContext(ctx, "discovery is not complete", slog.String("note", out.note))
	}
	return out, nil
}

// inUse are the benches that a person has not switched off as a whole.
func (j *Jobs) inUse(ctx context.Context) ([]serving.Bench, error) {
	benches, err := j.benches(ctx, 0)
	if err != nil {
		return nil, err
	}
	benches = slices.DeleteFunc(slices.Clone(benches), serving.Bench.Switched)
	if len(benches) == 0 {
		return nil, ErrNoConnections
	}
	return benches, nil
}

// ask lets the bench's connections list their customers, the next one whenever
// one turns out to be refused. Where none is fit the first that is switched on
// is asked all the same: refusals are sometimes lifted.
func (j *Jobs) ask(ctx context.Context, bench serving.Bench) (sam.ConnectionID, fleet.Discovery, error) {
	bench = slices.Clone(bench)
	for {
		conn, fit := bench.Serving(j.Now())
		if !fit {
			conn = bench[slices.IndexFunc(bench, func(c ledger.Connection) bool { return !c.Disabled })]
		}
		d, err := j.Fleet.Discover(ctx, fleet.Connection{
			ID: conn.ID, Kind: conn.Kind, Name: conn.Name,
			Credential: j.credential(conn.ID, conn.ID.Tenant()),
		})
		p := sam.AsProblem(err)
		if err == nil || p == nil || !stopsConnection(p, conn.ID.Tenant()) {
			return conn.ID, d, err
		}
		if rerr := j.raise(ctx, conn.ID, p); rerr != nil {
			return conn.ID, d, errors.Join(err, rerr)
		}
		if !fit || !serving.Breaks(p.Class, p.Code) {
			return conn.ID, d, err
		}
		bench[slices.IndexFunc(bench, func(c ledger.Connection) bool { return c.ID == conn.ID })].BrokenAt = j.Now()
		if _, more := bench.Serving(j.Now()); !more {
			return conn.ID, d, err
		}
	}
}
