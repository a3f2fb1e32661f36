package rotation_test

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// book is the smallest ledger: rows as they are, audit lines counted. The
// schedules use it because a table that encodes every row costs more than the
// rotation itself.
type book struct {
	mu     sync.Mutex
	rows   map[sam.ConnectionID]ledger.Connection
	audits int
}

func (b *book) Connection(_ context.Context, id sam.ConnectionID) (ledger.Connection, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.rows[id]
	if !ok {
		return ledger.Connection{}, ledger.ErrAbsent
	}
	return c, nil
}

func (b *book) Connections(context.Context) ([]ledger.Connection, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.rows)), nil
}

func (b *book) PutConnection(_ context.Context, c ledger.Connection) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows[c.ID] = c
	return nil
}

func (b *book) Record(context.Context, ledger.Audit) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.audits++
	return nil
}

func (b *book) ChangeConnection(_ context.Context, id sam.ConnectionID, change func(*ledger.Connection) bool) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.rows[id]
	if !ok {
		return false, ledger.ErrAbsent
	}
	changed := change(&c)
	if changed {
		b.rows[id] = c
	}
	return changed, nil
}
