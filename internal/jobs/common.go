package jobs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// common holds what the jobs of this process have fetched for a connection and
// still believe. There are a handful of connections, so nothing is thrown away.
type common struct {
	mu   sync.Mutex
	held map[commonKey]*keepsake
}

type commonKey struct {
	conn sam.ConnectionID
	key  string
}

// keepsake is one answer. turn guards the rest.
type keepsake struct {
	turn  chan struct{}
	value any // nil: never fetched
	at    time.Time
}

func (c *common) keepsake(k commonKey) *keepsake {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[commonKey]*keepsake{}
	}
	held, ok := c.held[k]
	if !ok {
		held = &keepsake{turn: make(chan struct{}, 1)}
		c.held[k] = held
	}
	return held
}

// ShareAll is [Share] for what is the same at all customers of a connection:
// fetch runs once per process, connection and key, and again when its answer is
// older than life. One caller at a time fetches; the others wait and share. A
// failure is kept for nobody. What is returned must not be changed.
func ShareAll[T any](ctx context.Context, v Visit, key string, life time.Duration, fetch func() (T, error)) (T, error) {
	if v.common == nil {
		return fetch()
	}
	var none T
	held := v.common.keepsake(commonKey{v.Customer.Connection, key})
	select {
	case held.turn <- struct{}{}:
		defer func() { <-held.turn }()
	case <-ctx.Done():
		return none, fmt.Errorf("wait for %s of connection %s: %w", key, v.Customer.Connection, context.Cause(ctx))
	}
	if value, ok := held.value.(T); ok && v.Now.Sub(held.at) < life {
		return value, nil
	}
	value, err := fetch()
	if err != nil {
		return none, err
	}
	held.value, held.at = value, v.Now
	return value, nil
}
