package rotation_test

import (
	"errors"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// The lease name of a connection is a blob name that the real service takes.
func TestBlobLocksHoldAConnection(t *testing.T) {
	t.Parallel()
	clients, err := storage.New(storage.Config{ConnectionString: azurite.ForTest(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	locks := rotation.BlobLocks{Locker: lease.New(clients.Container(storage.ContainerLeases))}
	name := "rotate-" + string(connection)
	held, err := locks.Acquire(t.Context(), name, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := locks.Acquire(t.Context(), name, time.Minute); !errors.Is(err, lease.ErrHeld) || l != nil {
		t.Errorf("got %v, %v, want held", l, err)
	}
	if err := held.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
