package jobs

import (
	"context"
	"slices"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// once keeps one of each customer. A customer that several benches know (two
// partner tenants, or a partner and the customer itself) is visited by the
// same one in every run, as long as that one lists it.
func (j *Jobs) once(ctx context.Context, found []sam.Customer) ([]sam.Customer, error) {
	best := make(map[sam.CustomerID]sam.Customer, len(found))
	for _, c := range found {
		best[c.ID] = c
	}
	if len(best) == len(found) {
		return found, nil
	}
	known, err := j.servedBy(ctx)
	if err != nil {
		return nil, err
	}
	return oneEach(found, known), nil
}

// oneEach picks among the connections that list the same customer: the one the
// customer consented to itself, then one that may go in, then the tenant that
// visited it last time, then the first in the list.
func oneEach(found []sam.Customer, known map[sam.CustomerID]sam.ConnectionID) []sam.Customer {
	at := make(map[sam.CustomerID]int, len(found))
	var each []sam.Customer
	for _, c := range found {
		i, met := at[c.ID]
		if !met {
			at[c.ID] = len(each)
			each = append(each, c)
			continue
		}
		if slices.Compare(claim(c, known), claim(each[i], known)) > 0 {
			each[i] = c
		}
	}
	return each
}

// claim says how good a choice this connection is; the greater one wins.
func claim(c sam.Customer, known map[sam.CustomerID]sam.ConnectionID) []int {
	score := func(holds bool) int {
		if holds {
			return 1
		}
		return 0
	}
	return []int{
		score(c.Connection.Tenant() == c.ID.Tenant()),
		score(visitable(c)),
		score(known[c.ID].Tenant() == c.Connection.Tenant()),
	}
}
