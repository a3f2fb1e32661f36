package ledger

import (
	"context"
	"sync"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// maxVisits bounds for how many customers findings are remembered; an instance
// visits 24 at once.
const maxVisits = 200

// findingSets remembers what was read of a customer's findings in one run: the
// first task that asks reads those of all tasks, the others use theirs, each
// once. What is remembered may be out of date; a transaction over it then meets
// another mark than was read, is refused, and reads again.
type findingSets struct {
	mu     sync.Mutex
	visits map[visitKey]visitSets
}

type visitKey struct {
	run      string
	customer sam.CustomerID
}

// visitSets are the sets of a visit by task; one that was used is nil.
type visitSets map[string]*findingSet

// take returns a task's set once; a task without rows has an empty one.
func (f *findingSets) take(o observation) (findingSet, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sets, read := f.visits[visitKey{o.run, o.customer}]
	set, there := sets[o.task]
	if !read || there && set == nil {
		return findingSet{}, false
	}
	sets[o.task] = nil
	if !there {
		return newFindingSet(), true
	}
	return *set, true
}

// show remembers what was read.
func (f *findingSets) show(o observation, sets visitSets) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.visits == nil || len(f.visits) >= maxVisits { // visits do not say when they end
		f.visits = map[visitKey]visitSets{}
	}
	f.visits[visitKey{o.run, o.customer}] = sets
}

// findingSet is everything about one customer and task, as it was read.
func (l *Ledger) findingSet(ctx context.Context, o observation) (findingSet, error) {
	if set, ok := l.sets.take(o); ok {
		return set, nil
	}
	sets, err := l.readSets(ctx, o.customer)
	if err != nil {
		return findingSet{}, err
	}
	l.sets.show(o, sets)
	set, _ := l.sets.take(o)
	return set, nil
}

// readSets reads everything about one customer: a few rows that lie side by
// side.
func (l *Ledger) readSets(ctx context.Context, customer sam.CustomerID) (visitSets, error) {
	sets := visitSets{}
	for r, err := range l.findings.Query(ctx, rows.Query{Partition: rows.Part(string(customer))}) {
		var e eventRow // has all columns of a finding and of a mark as well
		if err == nil {
			err = r.Decode(&e)
		}
		if err != nil {
			return nil, err
		}
		set := sets[e.Task]
		if set == nil {
			empty := newFindingSet()
			set = &empty
			sets[e.Task] = set
		}
		set.add(e, r.ETag)
	}
	return sets, nil
}
