package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// partitionCustomers holds all customers, so that a discovery is written in
// transactions and read in one pass.
const partitionCustomers = "customer"

// customerRow is a customer and when its access was last judged.
type customerRow struct {
	sam.Customer
	AccessAt time.Time
}

// customerBatch is how many customers are encoded at once: rows take several
// times the room of what they are made of.
const customerBatch = 500

// PutCustomers writes customers as discovery saw them, over what was known:
// last writer wins. Customers that are not given stay as they are; their
// SeenAt tells that discovery no longer sees them.
func (l *Ledger) PutCustomers(ctx context.Context, customers []sam.Customer) error {
	for batch := range slices.Chunk(customers, customerBatch) {
		if err := l.putCustomers(ctx, batch); err != nil {
			return fmt.Errorf("put %d customers: %w", len(customers), err)
		}
	}
	return nil
}

func (l *Ledger) putCustomers(ctx context.Context, customers []sam.Customer) error {
	byID := make(map[sam.CustomerID]int, len(customers))
	var actions []rows.Action
	for _, c := range customers {
		c.AccessEnds, c.SeenAt = utc(c.AccessEnds), utc(c.SeenAt)
		r, err := rows.Encode(customerKey(c.ID), customerRow{Customer: c, AccessAt: c.SeenAt})
		if err != nil {
			return fmt.Errorf("customer %s: %w", c.ID, err)
		}
		if i, ok := byID[c.ID]; ok { // a transaction may name a row once
			actions[i].Row = r
			continue
		}
		byID[c.ID] = len(actions)
		actions = append(actions, rows.Action{Kind: rows.Upsert, Row: r})
	}
	for len(actions) > 0 {
		n := rows.Fit(actions)
		if err := l.customers.Apply(ctx, actions[:n]); err != nil {
			return err
		}
		actions = actions[n:]
	}
	return nil
}

// Customers lists all customers ever seen, ordered by id.
func (l *Ledger) Customers(ctx context.Context) ([]sam.Customer, error) {
	var all []sam.Customer
	for c, err := range records[customerRow](ctx, l.customers, rows.Query{Partition: partitionCustomers}) {
		if err != nil {
			return nil, fmt.Errorf("customers: %w", err)
		}
		all = append(all, c.Customer)
	}
	return all, nil
}

// SetAccess records what stands in the way at a customer, as seen at the given
// time; sam.NoReason when nothing does. A judgement older than the recorded one
// changes nothing, and neither does the same one again. ErrAbsent when the customer was never discovered.
func (l *Ledger) SetAccess(ctx context.Context, id sam.CustomerID, why sam.Reason, detail string, at time.Time) error {
	for range maxAttempts {
		c, etag, err := get[customerRow](ctx, l.customers, customerKey(id))
		if err != nil {
			return fmt.Errorf("set access of customer %s: %w", id, err)
		}
		if at.Before(c.AccessAt) || c.Access == why && c.AccessDetail == detail {
			return nil
		}
		c.Access, c.AccessDetail, c.AccessAt = why, detail, utc(at)
		r, err := rows.Encode(customerKey(id), c)
		if err != nil {
			return fmt.Errorf("set access of customer %s: %w", id, err)
		}
		r.ETag = etag
		if err = l.customers.Replace(ctx, r); err == nil {
			return nil
		}
		if !errors.Is(err, rows.ErrChanged) {
			return fmt.Errorf("set access of customer %s: %w", id, err)
		}
	}
	return fmt.Errorf("set access of customer %s: %w", id, ErrBusy)
}

func customerKey(id sam.CustomerID) rows.Key {
	return rows.Key{Partition: partitionCustomers, Row: rows.Part(string(id))}
}
