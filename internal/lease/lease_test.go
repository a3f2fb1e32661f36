package lease_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	bloblease "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"

	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

const term = 30 * time.Second

// onBoth runs a test over an emulated container for locks, and over a simulated
// one.
func onBoth(t *testing.T, test func(t *testing.T, c *container.Client)) {
	t.Helper()
	t.Parallel()
	t.Run("azurite", func(t *testing.T) { t.Parallel(); test(t, box(t, azurite.ForTest(t).ConnectionString())) })
	t.Run("simulated", func(t *testing.T) { t.Parallel(); test(t, box(t, simtest.Storage(t).ConnectionString())) })
}

// box is a container for locks.
func box(t *testing.T, account string) *container.Client {
	t.Helper()
	clients, err := storage.New(storage.Config{ConnectionString: account})
	if err != nil {
		t.Fatal(err)
	}
	c := clients.Container(storage.ContainerLeases)
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func acquire(t *testing.T, l *lease.Locker, name string) *lease.Lease {
	t.Helper()
	held, err := l.Acquire(t.Context(), name, term)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

// breakNow ends a lock from outside, as an operator can.
func breakNow(t *testing.T, c *container.Client, name string) {
	t.Helper()
	client, err := bloblease.NewBlobClient(c.NewBlobClient(name), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.BreakLease(t.Context(), &bloblease.BlobBreakOptions{BreakPeriod: to.Ptr[int32](0)}); err != nil {
		t.Fatal(err)
	}
}

func TestOneHolderAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, c *container.Client) {
		mine, others := lease.New(c), lease.New(c)
		held := acquire(t, mine, "rotate/11111111.2222")
		for _, l := range []*lease.Locker{others, mine} {
			if _, err := l.Acquire(t.Context(), "rotate/11111111.2222", term); !errors.Is(err, lease.ErrHeld) {
				t.Errorf("error %v, want ErrHeld", err)
			}
		}
		acquire(t, others, "another name")
		if err := held.Renew(t.Context()); err != nil {
			t.Error(err)
		}
		if err := held.Release(t.Context()); err != nil {
			t.Error(err)
		}
		acquire(t, others, "rotate/11111111.2222")
	})
}

func TestManyRaceForANewLock(t *testing.T) {
	onBoth(t, func(t *testing.T, c *container.Client) {
		l := lease.New(c)
		errs := make([]error, 12)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = l.Acquire(t.Context(), "new", term) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, lease.ErrHeld) {
				t.Errorf("error %v, want ErrHeld", err)
			}
		}
		if won != 1 {
			t.Errorf("%d holders, want 1", won)
		}
	})
}

func TestLostLockIsNoticed(t *testing.T) {
	onBoth(t, func(t *testing.T, c *container.Client) {
		l := lease.New(c)
		held := acquire(t, l, "name")
		breakNow(t, c, "name")
		next := acquire(t, l, "name")

		before := held.Expires()
		if err := held.Renew(t.Context()); !errors.Is(err, lease.ErrLost) {
			t.Errorf("renew: error %v, want ErrLost", err)
		}
		if !held.Expires().Equal(before) {
			t.Error("a lock that was lost was prolonged")
		}
		if err := held.Release(t.Context()); err != nil {
			t.Error("release:", err)
		}
		if err := next.Renew(t.Context()); err != nil {
			t.Error("the next holder lost the lock:", err)
		}
	})
}

func TestReleasedLockCanNotBeRenewed(t *testing.T) {
	onBoth(t, func(t *testing.T, c *container.Client) {
		held := acquire(t, lease.New(c), "name")
		if err := held.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := held.Renew(t.Context()); !errors.Is(err, lease.ErrLost) {
			t.Errorf("error %v, want ErrLost", err)
		}
		if err := held.Release(t.Context()); err != nil {
			t.Error("released twice:", err)
		}
	})
}

func TestExpiresIsNeverTooLate(t *testing.T) {
	onBoth(t, func(t *testing.T, c *container.Client) {
		l := lease.New(c)
		sent := time.Now()
		held := acquire(t, l, "name")
		first := held.Expires()
		if first.Before(sent.Add(term)) || first.After(time.Now().Add(term)) {
			t.Errorf("expires %v after it was asked for", first.Sub(sent))
		}
		if err := held.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !held.Expires().After(first) {
			t.Error("renewing did not prolong")
		}
	})
}

func TestTerms(t *testing.T) {
	onBoth(t, func(t *testing.T, c *container.Client) {
		l := lease.New(c)
		for ttl, good := range map[time.Duration]bool{
			lease.MinTerm - 1: false, lease.MinTerm: true, lease.MaxTerm: true, lease.MaxTerm + 1: false, 0: false, -1: false,
		} {
			if _, err := l.Acquire(t.Context(), ttl.String(), ttl); errors.Is(err, lease.ErrBadTerm) == good {
				t.Errorf("%v: error %v", ttl, err)
			}
		}
	})
}

func TestMissingContainer(t *testing.T) {
	t.Parallel()
	clients, err := storage.New(storage.Config{ConnectionString: azurite.ForTest(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = lease.New(clients.Container("nowhere")).Acquire(t.Context(), "name", term)
	if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassConfiguration || p.Code != "ContainerNotFound" {
		t.Errorf("error %v", err)
	}
}
