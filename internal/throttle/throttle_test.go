package throttle_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 1, time.UTC)

const scope = "graph/tenant #1 | 'all'"

// onBoth runs a test over an emulated table, and over a simulated one.
func onBoth(t *testing.T, test func(t *testing.T, c *aztables.Client)) {
	t.Helper()
	t.Parallel()
	t.Run("azurite", func(t *testing.T) { t.Parallel(); test(t, table(t, azurite.ForTest(t).ConnectionString())) })
	t.Run("simulated", func(t *testing.T) { t.Parallel(); test(t, table(t, simtest.Storage(t).ConnectionString())) })
}

func table(t *testing.T, account string) *aztables.Client {
	t.Helper()
	clients, err := storage.New(storage.Config{ConnectionString: account})
	if err != nil {
		t.Fatal(err)
	}
	c := clients.Table(storage.TableThrottles)
	if _, err := c.CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// wantClosed checks until when a gate says that the scope is closed; the zero
// time for open.
func wantClosed(t *testing.T, g *throttle.Gate, name string, now, want time.Time) {
	t.Helper()
	have, err := g.ClosedUntil(t.Context(), name, now)
	if err != nil {
		t.Fatal(err)
	}
	if !have.Equal(want) {
		t.Errorf("%s at %v: closed until %v, want %v", name, now, have, want)
	}
}

func closeUntil(t *testing.T, g *throttle.Gate, until time.Time) {
	t.Helper()
	if err := g.Close(t.Context(), scope, until); err != nil {
		t.Fatal(err)
	}
}

func TestClosesForAllAndOpensByItself(t *testing.T) {
	onBoth(t, func(t *testing.T, c *aztables.Client) {
		t.Helper()
		mine, others := throttle.New(c), throttle.New(c)
		wantClosed(t, mine, scope, noon, time.Time{})
		until := noon.Add(5 * time.Minute)
		closeUntil(t, mine, until)
		for _, g := range []*throttle.Gate{mine, others} {
			wantClosed(t, g, scope, noon, until)
			wantClosed(t, g, scope, until.Add(-1), until)
			wantClosed(t, g, scope, until, time.Time{})
			wantClosed(t, g, "another scope", noon, time.Time{})
		}
	})
}

func TestNeverShortens(t *testing.T) {
	onBoth(t, func(t *testing.T, c *aztables.Client) {
		t.Helper()
		mine, others := throttle.New(c), throttle.New(c)
		closeUntil(t, mine, noon.Add(5*time.Minute))
		closeUntil(t, others, noon.Add(time.Minute))
		for _, g := range []*throttle.Gate{mine, others, throttle.New(c)} {
			wantClosed(t, g, scope, noon, noon.Add(5*time.Minute))
		}
		closeUntil(t, others, noon.Add(time.Hour))
		wantClosed(t, throttle.New(c), scope, noon, noon.Add(time.Hour))
	})
}

func TestNewsOfOthersTakesSeconds(t *testing.T) {
	onBoth(t, func(t *testing.T, c *aztables.Client) {
		t.Helper()
		mine, others := throttle.New(c), throttle.New(c)
		wantClosed(t, mine, scope, noon, time.Time{})
		until := noon.Add(time.Minute)
		closeUntil(t, others, until)
		wantClosed(t, mine, scope, noon.Add(2*time.Second), time.Time{}) // believed
		wantClosed(t, mine, scope, noon.Add(3*time.Second), until)       // asked
	})
}

func TestOwnNewsCountsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, c *aztables.Client) {
		t.Helper()
		g := throttle.New(c)
		wantClosed(t, g, scope, noon, time.Time{})
		closeUntil(t, g, noon.Add(time.Minute))
		wantClosed(t, g, scope, noon, noon.Add(time.Minute))
	})
}

func TestLongestOfManyWins(t *testing.T) {
	onBoth(t, func(t *testing.T, c *aztables.Client) {
		t.Helper()
		errs := make([]error, 12)
		var all sync.WaitGroup
		for i := range errs {
			g := throttle.New(c)
			all.Go(func() { errs[i] = g.Close(t.Context(), scope, noon.Add(time.Duration(i)*time.Minute)) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, throttle.New(c), scope, noon, noon.Add(11*time.Minute))
	})
}

func TestMissingTable(t *testing.T) {
	t.Parallel()
	clients, err := storage.New(storage.Config{ConnectionString: azurite.ForTest(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	g := throttle.New(clients.Table("Nowhere"))
	_, err = g.ClosedUntil(t.Context(), scope, noon)
	for name, err := range map[string]error{"ClosedUntil": err, "Close": g.Close(t.Context(), scope, noon)} {
		if p := sam.AsProblem(err); p == nil || p.Code != "TableNotFound" {
			t.Errorf("%s: error %v", name, err)
		}
	}
	// What this instance was told counts even if it could not be shared.
	wantClosed(t, g, scope, noon.Add(-time.Minute), noon)
}
