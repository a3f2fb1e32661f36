package throttle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// budgetPartition holds one row for each paced scope.
const budgetPartition = "budgets"

// mostLeased bounds the places an instance takes at once: about four seconds of
// Partner Center, so that little is lost with an instance.
const mostLeased = 32

// lot is the places of one paced scope that this instance may give away.
type lot struct {
	turn   chan struct{} // held by whoever leases
	block  block         // guarded by the Governor's mu, as is the rest
	size   int           // of the last lease
	wasted int           // of it, not used in time
}

// next is how many places to lease now: twice as many as the last time, unless
// half of those were wasted.
func (l *lot) next() int {
	if l.size > 0 && 2*l.wasted >= l.size {
		return max(l.size/2, 1)
	}
	return min(max(2*l.size, 1), mostLeased)
}

// skip drops the places before t.
func (l *lot) skip(t time.Time) {
	left := l.block.skip(t)
	l.wasted += l.block.n - left.n
	l.block = left
}

// budgetRow is a budget in the table.
type budgetRow struct {
	PartitionKey, RowKey string
	Scope                string
	Next, Cut            time.Time
	Rate                 float64
}

// pace takes a place: 0 when it is near enough to be used now. Otherwise a job
// keeps as many places as it needs, behind all that were given away before.
func (g *Governor) pace(ctx context.Context, s Scope, p *Pouch, closed, now time.Time) (time.Duration, error) {
	if closed.IsZero() {
		at, taken, err := g.take(ctx, s, 1, now.Add(-g.rules[s.Kind].idle()), now.Add(g.rules[s.Kind].Early), now)
		if err != nil || taken {
			return 0, err
		}
		if p == nil {
			return at.Sub(now), nil
		}
	}
	if p == nil {
		return closed.Sub(now), nil
	}
	if t, ok := p.ahead(s, closed, now); ok {
		return t.At.Sub(now), nil
	}
	n := p.need(s)
	first := now.Add(-g.rules[s.Kind].idle())
	if closed.After(first) {
		first = closed
	}
	at, _, err := g.take(ctx, s, n, first, time.Time{}, now)
	if err != nil {
		return 0, err
	}
	p.place(Ticket{Scope: s, At: at, Calls: n})
	return max(at.Sub(now), time.Second), nil
}

// take takes n places from first on and returns the last of them. With a
// latest time they are taken only if the last of them is not after it.
func (g *Governor) take(ctx context.Context, s Scope, n int, first, latest, now time.Time) (at time.Time, taken bool, err error) {
	for range maxAttempts {
		if at, taken, enough := g.fromLot(s, n, first, latest); enough {
			return at, taken, nil
		}
		if err := g.refill(ctx, s, n, first, now); err != nil {
			return time.Time{}, false, err
		}
	}
	return time.Time{}, false, ErrBusy
}

// fromLot is take as far as the instance's own places reach.
func (g *Governor) fromLot(s Scope, n int, first, latest time.Time) (at time.Time, taken, enough bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lot(s)
	l.skip(first)
	if l.block.n < n {
		return time.Time{}, false, false
	}
	at = l.block.at(n - 1)
	if !latest.IsZero() && at.After(latest) {
		return at, false, true
	}
	l.block = l.block.after(n)
	return at, true, true
}

// lot is the instance's lot of a scope; g.mu is held.
func (g *Governor) lot(s Scope) *lot {
	l := g.lots[s]
	if l == nil {
		l = &lot{turn: make(chan struct{}, 1)}
		g.lots[s] = l
	}
	return l
}

// refill leases places, unless somebody else just did.
func (g *Governor) refill(ctx context.Context, s Scope, n int, first, now time.Time) error {
	g.mu.Lock()
	l := g.lot(s)
	g.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-l.turn }()
	g.mu.Lock()
	size, enough := l.next(), l.block.skip(first).n >= n
	g.mu.Unlock()
	if enough {
		return nil
	}
	var given block
	rule := g.rules[s.Kind]
	err := g.change(ctx, s, func(b budget) budget {
		if b.Next.Before(first) {
			b.Next = first
		}
		b, given = b.lease(rule, max(size, n), now)
		return b
	})
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l.block, l.size, l.wasted = given, size, 0
	return nil
}

// change changes a scope's budget for all instances.
func (g *Governor) change(ctx context.Context, s Scope, change func(budget) budget) error {
	for range maxAttempts {
		old, etag, err := g.readBudget(ctx, s)
		if err == nil {
			err = g.writeBudget(ctx, s, change(old), etag)
		}
		if err == nil || !raced(err) {
			return wrap(err, "change the budget of "+s.String())
		}
	}
	return fmt.Errorf("change the budget of %s: %w", s, ErrBusy)
}

func (g *Governor) readBudget(ctx context.Context, s Scope) (budget, azcore.ETag, error) {
	resp, err := g.table.GetEntity(ctx, budgetPartition, rowKey(s.String()), nil)
	if absent(err) {
		return budget{}, "", nil
	}
	if err != nil {
		return budget{}, "", err
	}
	var r budgetRow
	if err := json.Unmarshal(resp.Value, &r); err != nil {
		return budget{}, "", fmt.Errorf("read row: %w", err)
	}
	return budget{r.Next, r.Rate, r.Cut}, resp.ETag, nil
}

func (g *Governor) writeBudget(ctx context.Context, s Scope, b budget, etag azcore.ETag) error {
	entity, err := json.Marshal(budgetRow{
		budgetPartition, rowKey(s.String()), s.String(), b.Next.UTC().Round(0), b.Cut.UTC().Round(0), b.Rate,
	})
	if err != nil {
		return err
	}
	if etag == "" {
		_, err = g.table.AddEntity(ctx, entity, nil)
		return err
	}
	_, err = g.table.UpdateEntity(ctx, entity, &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeReplace})
	return err
}

// absent: the row is not there, but the table is.
func absent(err error) bool {
	var answer *azcore.ResponseError
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound && answer.ErrorCode != string(aztables.TableNotFound)
}
