package throttle

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// A closed scope is a row whose key begins with the time until which it is
// closed. So closing writes without reading, in any order, and what is closed
// now is one range of keys: one query tells an instance about all scopes.
const doorPartition = "doors"

const (
	// mostDoors bounds what is read of the closed scopes, and kept.
	mostDoors = 5000
	// tidyEvery and tidyAfter say how often an instance deletes how old rows,
	// at most tidyRows at a time.
	tidyEvery = 10 * time.Minute
	tidyAfter = time.Hour
	tidyRows  = 50
)

// door is a closed scope in the table.
type door struct {
	PartitionKey, RowKey string
	Scope                string
	Until                time.Time
}

func doorKey(until time.Time) string { return fmt.Sprintf("%015d", until.UnixMilli()) }

// apart is how far, in parts of the scope's window, those come back from each
// other whom an instance turned away from one closed door. A customer's scope
// turns away a few; Graph in the partner's own tenant may turn away a sweep,
// and all at once they would close it again.
const apart = 200

// closing is what an instance knows of a closed scope.
type closing struct {
	until  time.Time
	turned int // how many calls were turned away so far
}

// closedUntil is when the scope opens, and how many were turned away before;
// zero when it is open.
func (g *Governor) closedUntil(s Scope, now time.Time) (until time.Time, turned int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, closed := g.doors[s]
	switch {
	case !closed:
		return time.Time{}, 0
	case !c.until.After(now):
		delete(g.doors, s)
		return time.Time{}, 0
	}
	g.doors[s] = closing{c.until, c.turned + 1}
	return c.until, c.turned
}

// hear asks what the others closed, unless that was asked a moment ago or is
// being asked: whoever comes meanwhile goes by what is known. A failure counts
// as asked, so that an outage of the table is not met at every call.
func (g *Governor) hear(ctx context.Context, now time.Time) error {
	g.mu.Lock()
	age := now.Sub(g.heard)
	if g.hearing || age >= 0 && age < freshness {
		g.mu.Unlock()
		return nil
	}
	g.hearing, g.heard = true, now
	g.mu.Unlock()
	closed, err := g.listClosed(ctx, now)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hearing = false
	if err != nil {
		return fmt.Errorf("ask which scopes are closed: %w", err)
	}
	for s, c := range g.doors {
		if !c.until.After(now) {
			delete(g.doors, s)
		}
	}
	for s, until := range closed {
		g.bar(s, until)
	}
	return nil
}

// bar notes a closing; g.mu is held.
func (g *Governor) bar(s Scope, until time.Time) {
	c, known := g.doors[s]
	if !known && len(g.doors) >= mostDoors {
		return
	}
	if c.until.Before(until) {
		g.doors[s] = closing{until, c.turned}
	}
}

// listClosed reads the scopes that are closed now.
func (g *Governor) listClosed(ctx context.Context, now time.Time) (map[Scope]time.Time, error) {
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey gt '%s'", doorPartition, doorKey(now))
	pager := g.table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter})
	closed := map[Scope]time.Time{}
	for pager.More() && len(closed) < mostDoors {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, raw := range page.Entities {
			var d door
			if json.Unmarshal(raw, &d) != nil {
				continue // of another version of the program
			}
			if s, err := ParseScope(d.Scope); err == nil && closed[s].Before(d.Until) {
				closed[s] = d.Until
			}
		}
	}
	return closed, nil
}

// close closes a scope for this instance, and for all when it is to be shared
// and is news.
func (g *Governor) close(ctx context.Context, s Scope, until, now time.Time, shared bool) error {
	until = until.UTC().Round(0)
	g.mu.Lock()
	news := g.doors[s].until.Before(until.Add(-time.Second))
	g.bar(s, until)
	tidy := shared && now.Sub(g.tidied) >= tidyEvery
	if tidy {
		g.tidied = now
	}
	g.mu.Unlock()
	if !shared || !news {
		return nil
	}
	key := doorKey(until) + "-" + rowKey(s.String())[:16]
	entity, err := json.Marshal(door{doorPartition, key, s.String(), until})
	if err != nil {
		return err
	}
	if _, err := g.table.AddEntity(ctx, entity, nil); err != nil && !raced(err) {
		return fmt.Errorf("close %s for everyone: %w", s, err)
	}
	if tidy {
		return g.tidy(ctx, now)
	}
	return nil
}

// tidy deletes some doors that opened long ago.
func (g *Governor) tidy(ctx context.Context, now time.Time) error {
	filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey lt '%s'", doorPartition, doorKey(now.Add(-tidyAfter)))
	page, err := g.table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter, Top: to.Ptr[int32](tidyRows)}).NextPage(ctx)
	if err != nil {
		return fmt.Errorf("look for doors of the past: %w", err)
	}
	for _, raw := range page.Entities {
		var d door
		if json.Unmarshal(raw, &d) != nil {
			continue
		}
		if _, err := g.table.DeleteEntity(ctx, doorPartition, d.RowKey, nil); err != nil && !absent(err) {
			return fmt.Errorf("delete a door of the past: %w", err)
		}
	}
	return nil
}
