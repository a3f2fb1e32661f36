package table

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// account is the tables of one storage account. The key of a table's name is
// in lower case.
type account struct {
	mu     sync.RWMutex
	tables map[string]*table
}

// table is the rows of one table.
type table struct {
	name string
	mu   sync.RWMutex
	rows *index
}

func (a *account) table(name string) (*table, *problem) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if t := a.tables[strings.ToLower(name)]; t != nil {
		return t, nil
	}
	return nil, errTableNotFound
}

func (a *account) create(name string) *problem {
	if !tableName.MatchString(name) || strings.EqualFold(name, "tables") {
		return invalid("InvalidResourceName", "The specified resource name contains invalid characters.")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tables[strings.ToLower(name)] != nil {
		return errTableExists
	}
	a.tables[strings.ToLower(name)] = &table{name: name, rows: newIndex()}
	return nil
}

func (a *account) drop(name string) *problem {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tables[strings.ToLower(name)] == nil {
		return errNotFound
	}
	delete(a.tables, strings.ToLower(name))
	return nil
}

// names lists the tables in order.
func (a *account) names() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	names := make([]string, 0, len(a.tables))
	for _, t := range a.tables {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

// verb is what a change does to a row.
type verb int

const (
	insert  verb = iota // the row must not exist
	replace             // with If-Match, over that version; without, whatever was there
	merge               // as replace, keeping properties that are not named
	remove              // If-Match is required
)

// change is one write. entity holds the key alone for remove.
type change struct {
	verb    verb
	ifMatch string // "" none, "*" any version of a row that exists, or an ETag
	entity  *entity
}

// check tells whether the change counts for what is there now.
func (c change) check(old *entity) *problem {
	switch {
	case c.verb == insert && old != nil:
		return errExists
	case c.verb == remove && c.ifMatch == "":
		return invalid("MissingRequiredHeader", "A required HTTP header was not specified: If-Match.")
	case c.ifMatch == "":
		return nil
	case old == nil:
		return errNotFound
	case c.ifMatch != "*" && c.ifMatch != old.etag():
		return errChanged
	}
	return nil
}

// apply does all changes or none. The rows of one call are named once each.
func (t *table) apply(changes []change, next func() time.Time) *problem {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, c := range changes {
		if wrong := c.check(t.rows.get(c.entity.key)); wrong != nil {
			at := *wrong
			at.index = i
			return &at
		}
	}
	for i, c := range changes {
		if c.verb == remove {
			t.rows.remove(c.entity.key)
			continue
		}
		e := c.entity
		if old := t.rows.get(e.key); c.verb == merge && old != nil {
			e = e.merged(old)
		}
		e.timestamp = next()
		t.rows.put(e)
		changes[i].entity = e
	}
	return nil
}

func (t *table) get(k key) *entity {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows.get(k)
}

// Limits of a page.
const (
	maxPage     = 1000
	maxLookedAt = 10_000
)

// page is what a query found, and where it goes on; nil when it is at its end.
type page struct {
	rows []*entity
	next *key
}

// query collects a page of the rows that the condition holds for, from start on.
func (t *table) query(c condition, start key, limit int) page {
	within := boundsOf(c)
	if start.before(within.from) {
		start = within.from
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	var p page
	looked := 0
	for n := t.rows.seek(start, nil); n != nil; n = n.next[0] {
		if !within.open && !n.key.before(within.to) {
			break
		}
		if len(p.rows) == limit || looked == maxLookedAt {
			p.next = &n.key
			break
		}
		looked++
		if c.holds(n.entity) {
			p.rows = append(p.rows, n.entity)
		}
	}
	return p
}
