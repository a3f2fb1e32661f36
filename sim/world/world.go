package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config says which world to make. The same Seed, Customers, Cloud, Shares and
// Start give the same tenants, subscriptions and alerts; tokens and the app's
// client secret are random in every start.
type Config struct {
	Seed      uint64    // 0 is a seed like any other
	Customers int       // how many customers the partner serves
	Cloud     string    // "public" when empty, "usgov" or "china"
	Shares    Shares    // shares of customers with something missing or wrong
	Start     time.Time // where the virtual clock begins; zero: at the wall clock
	Frozen    bool      // the virtual clock stands still except for Advance
	Terse     bool      // short refresh tokens, and no book of secrets: for runs of years
}

// World is the shared state of a simulated cloud. See the package comment for
// its locking discipline. Make it with New.
type World struct {
	cloud  Cloud
	seed   uint64
	frozen time.Time    // where a frozen clock began; zero: it runs with the wall clock
	offset atomic.Int64 // nanoseconds ahead of the wall clock, or of frozen
	cutoff atomic.Int64 // access tokens issued before this second are over

	customers atomic.Pointer[[]*Customer] // replaced as a whole, never changed
	places    map[string]int              // tenant id to index; immutable

	mu       sync.RWMutex
	partner  *Partner
	policies map[string]*SignInPolicy

	grants  grantBook
	secrets secretBook
}

// New makes a world. It panics on an unknown cloud name: check user input with
// LookupCloud first.
func New(cfg Config) *World {
	cloud, ok := LookupCloud(cfg.Cloud)
	if !ok {
		panic(fmt.Sprintf("world: unknown cloud %q", cfg.Cloud))
	}
	w := &World{cloud: cloud, seed: cfg.Seed, policies: map[string]*SignInPolicy{}, places: map[string]int{}}
	w.secrets.terse = cfg.Terse
	switch {
	case cfg.Frozen && cfg.Start.IsZero():
		w.frozen = time.Now()
	case cfg.Frozen:
		w.frozen = cfg.Start
	case !cfg.Start.IsZero():
		w.offset.Store(int64(time.Until(cfg.Start)))
	}
	customers := seedCustomers(rand.New(rand.NewPCG(cfg.Seed, 0)), cfg.Customers, cfg.Shares, w.Now())
	for i, c := range customers {
		w.places[c.TenantID] = i
	}
	w.customers.Store(&customers)
	w.partner = newPartner(cloud, w.Now(), w.secrets.mint)
	return w
}

// Cloud is the national cloud this world plays. No lock.
func (w *World) Cloud() Cloud { return w.cloud }

// Seed is the seed the world was made from. No lock.
func (w *World) Seed() uint64 { return w.seed }

// Now is the virtual time, in UTC. No lock.
func (w *World) Now() time.Time {
	if !w.frozen.IsZero() {
		return w.frozen.Add(time.Duration(w.offset.Load())).UTC()
	}
	return time.Now().Add(time.Duration(w.offset.Load())).UTC()
}

// Advance moves the virtual clock forward; a negative d is ignored. No lock.
func (w *World) Advance(d time.Duration) {
	if d > 0 {
		w.offset.Add(int64(d))
	}
}

// Customers lists snapshots of all customers in an order that never changes.
// No lock; neither the slice nor what it points to may be changed.
func (w *World) Customers() []*Customer { return *w.customers.Load() }

// Customer finds the snapshot of a customer by tenant id (lower case). No lock.
func (w *World) Customer(tid string) (*Customer, bool) {
	i, ok := w.places[tid]
	if !ok {
		return nil, false
	}
	return w.Customers()[i], true
}

// Mutate changes one customer: change gets a clone, which then takes the
// place of the old snapshot. It is false when there is no such customer. Locks.
func (w *World) Mutate(tid string, change func(*Customer)) bool {
	i, ok := w.places[tid]
	if !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	next := slices.Clone(w.Customers())
	next[i] = next[i].Clone()
	change(next[i])
	w.customers.Store(&next)
	return true
}

// View runs read under the read lock: no Mutate and no Change happens
// meanwhile, so several reads belong together. Fields of the partner may be
// read only here, and copied, never kept by reference. Locks.
func (w *World) View(read func()) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	read()
}

// Partner is the partner tenant. No lock; read its fields inside View, change
// them inside Change.
func (w *World) Partner() *Partner { return w.partner }

// Change changes the partner tenant under the write lock. Locks.
func (w *World) Change(change func(*Partner)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w.partner)
}
