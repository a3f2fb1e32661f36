package rows

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
)

// NewMemory is an empty table in memory.
func NewMemory() Table { return &memoryTable{rows: map[Key]Row{}} }

type memoryTable struct {
	mu   sync.Mutex
	tick int64 // makes ETags
	rows map[Key]Row
}

func (t *memoryTable) Get(ctx context.Context, k Key) (Row, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, ok := t.rows[k]
	if !ok {
		return Row{}, fmt.Errorf("read row %s|%s: %w", k.Partition, k.Row, cmp.Or(ctx.Err(), ErrNotFound))
	}
	r.Columns = maps.Clone(r.Columns)
	return r, ctx.Err()
}

func (t *memoryTable) Insert(ctx context.Context, r Row) error {
	return t.one(ctx, Action{Insert, r})
}

func (t *memoryTable) Replace(ctx context.Context, r Row) error {
	return t.one(ctx, Action{Replace, r})
}

func (t *memoryTable) Upsert(ctx context.Context, r Row) error {
	return t.one(ctx, Action{Upsert, r})
}

func (t *memoryTable) Delete(ctx context.Context, k Key) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	delete(t.rows, k)
	return nil
}

func (t *memoryTable) one(ctx context.Context, a Action) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.check(a); err != nil {
		return fmt.Errorf("write row %s|%s: %w", a.Row.Partition, a.Row.Row, err)
	}
	t.do(a)
	return nil
}

func (t *memoryTable) Apply(ctx context.Context, actions []Action) error {
	if err := checkTransaction(actions); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, a := range actions {
		if t.check(a) != nil {
			return fmt.Errorf("transaction of %d rows at %s|%s: %w", len(actions), a.Row.Partition, a.Row.Row, ErrConflict)
		}
	}
	for _, a := range actions {
		t.do(a)
	}
	return nil
}

// check is the precondition of an action.
func (t *memoryTable) check(a Action) error {
	old, ok := t.rows[a.Row.Key]
	switch {
	case a.Kind == Insert && ok:
		return ErrExists
	case a.Kind == Replace && (!ok || old.ETag != a.Row.ETag):
		return ErrChanged
	case a.Kind == Delete && !ok:
		return ErrNotFound
	}
	return nil
}

func (t *memoryTable) do(a Action) {
	if a.Kind == Delete {
		delete(t.rows, a.Row.Key)
		return
	}
	t.tick++
	r := a.Row
	r.ETag = strconv.FormatInt(t.tick, 10)
	r.Columns = maps.Clone(r.Columns)
	t.rows[r.Key] = r
}

func (t *memoryTable) Query(ctx context.Context, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range t.matching(q) {
			if err := ctx.Err(); err != nil {
				yield(Row{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// matching is a sorted copy of what the query asks for.
func (t *memoryTable) matching(q Query) []Row {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []Row
	for _, r := range t.rows {
		if q.matches(r) {
			r.Columns = maps.Clone(r.Columns)
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Row, b.Row))
	})
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
	}
	return found
}

func (q Query) matches(r Row) bool {
	if q.Partition != "" && r.Partition != q.Partition || r.Row < q.From || q.To != "" && r.Row >= q.To {
		return false
	}
	if q.Value == "" {
		return true
	}
	var s string
	return json.Unmarshal(r.Columns[q.Column], &s) == nil && s == q.Value
}
