package peer

import (
	"context"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/sim/storage"
)

// The names of the sides.
const (
	Samkeeper = "samkeeper"
	Node      = "node"
)

// side is one of the two programs compared.
type side struct {
	name       string
	scriptRoot string
	command    []string          // what the host executes
	settings   map[string]string // besides those that aim it at the simulator
	// prepare does what must have happened before a sweep; not measured.
	prepare func(ctx context.Context, b *bout) error
	// finish ends the sweep once all jobs are done; measured.
	finish func(ctx context.Context, b *bout) error
	// verify compares what the sweep left behind with the world.
	verify func(ctx context.Context, b *bout) error
}

// bout is one side's round under way.
type bout struct {
	*arena
	side    side
	host    *funchost.Host
	storage *storage.Server // of this round alone
}
