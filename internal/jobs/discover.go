package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// ErrNoConnections says that there is nobody to sweep as.
var ErrNoConnections = errors.New("no connection in the ledger: open the consent page and sign in once")

// found is what all connections together discovered.
type found struct {
	customers []sam.Customer // each once
	only      sam.ConnectionID
	note      string
}

// discover asks every usable connection for its customers. One connection that
// fails is noted and does not keep the others from being swept; if all fail,
// their errors are returned.
func (j *Jobs) discover(ctx context.Context) (found, error) {
	conns, err := j.connections(ctx)
	if err != nil {
		return found{}, err
	}
	var out found
	var notes []string
	var failed []error
	for _, conn := range conns {
		d, err := j.Fleet.Discover(ctx, fleet.Connection{
			ID: conn.ID, Kind: conn.Kind, Name: conn.Name,
			Credential: j.credential(conn.ID, conn.ID.Tenant()),
		})
		if err != nil {
			failed = append(failed, err)
			notes = append(notes, fmt.Sprintf("Connection %s could not list its customers: %v", conn.ID, err))
			if err := j.blame(ctx, conn.ID, err); err != nil {
				failed = append(failed, err)
			}
			continue
		}
		if d.Partial {
			notes = append(notes, d.Note)
		}
		out.customers = append(out.customers, d.Customers...)
	}
	if len(failed) > 0 && len(out.customers) == 0 {
		return found{}, errors.Join(failed...)
	}
	if len(conns) == 1 {
		out.only = conns[0].ID
	}
	out.customers, out.note = once(out.customers), strings.Join(notes, " ")
	if out.note != "" {
		j.Log.WarnContext(ctx, "discovery is not complete", slog.String("note", out.note))
	}
	return out, nil
}

// connections are those to sweep with, direct ones first: a customer that
// consented itself is visited with its own grant.
func (j *Jobs) connections(ctx context.Context) ([]ledger.Connection, error) {
	conns, err := j.Ledger.Connections(ctx)
	if err != nil {
		return nil, err
	}
	conns = slices.DeleteFunc(conns, func(c ledger.Connection) bool { return c.Disabled })
	if len(conns) == 0 {
		return nil, ErrNoConnections
	}
	slices.SortStableFunc(conns, func(a, b ledger.Connection) int {
		return cmp.Or(-cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(a.ID, b.ID))
	})
	return conns, nil
}

func rank(k sam.Kind) int {
	if k == sam.DirectConnection {
		return 1
	}
	return 0
}

// blame puts a failed discovery on the connection when it is the connection's.
func (j *Jobs) blame(ctx context.Context, id sam.ConnectionID, err error) error {
	if p := sam.AsProblem(err); p != nil && stopsConnection(p, id.Tenant()) {
		return j.raise(ctx, id, p)
	}
	return nil
}

// once keeps the first of each customer.
func once(customers []sam.Customer) []sam.Customer {
	seen := make(map[sam.CustomerID]bool, len(customers))
	return slices.DeleteFunc(customers, func(c sam.Customer) bool {
		again := seen[c.ID]
		seen[c.ID] = true
		return again
	})
}
