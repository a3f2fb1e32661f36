package rotation_test

import (
	"context"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
)

// machine is what a process runs on: every remote call passes through it. It
// can lose power at the n-th call, before the request leaves (lost request) or
// before the answer arrives (lost answer). Without power no later call has any
// effect, so to the world the process is dead, deferred calls included.
type machine struct {
	failAt    int  // number of the call, from 1; 0 never
	answer    bool // lose the answer instead of the request
	recovers  bool // only that one call fails; the process lives on
	beforeAny func(n int, name string)
	afterAny  func(n int, name string)

	mu    sync.Mutex
	n     int
	dead  bool
	names []string
}

func call[T any](m *machine, name string, act func() (T, error)) (T, error) {
	var none T
	n, ok := m.enter(name)
	if !ok {
		return none, errGone
	}
	v, err := act()
	if m.afterAny != nil {
		m.afterAny(n, name)
	}
	if !m.leave(n) {
		return none, errGone
	}
	return v, err
}

func (m *machine) enter(name string) (int, bool) {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return 0, false
	}
	m.n++
	n := m.n
	m.names = append(m.names, name)
	lost := n == m.failAt && !m.answer
	m.dead = lost && !m.recovers
	m.mu.Unlock()
	if lost {
		return n, false
	}
	if m.beforeAny != nil {
		m.beforeAny(n, name)
	}
	return n, true
}

func (m *machine) leave(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	lost := n == m.failAt && m.answer
	m.dead = m.dead || lost && !m.recovers
	return !lost
}

// only is for calls without a result.
func only(m *machine, name string, act func() error) error {
	_, err := call(m, name, func() (struct{}, error) { return struct{}{}, act() })
	return err
}

type wiredVault struct {
	m *machine
	v *vaulttest.Memory
}

func (w wiredVault) Current(ctx context.Context, c sam.ConnectionID) (vault.Version, error) {
	return call(w.m, "Current", func() (vault.Version, error) { return w.v.Current(ctx, c) })
}

func (w wiredVault) Put(ctx context.Context, v vault.Version) (vault.Version, error) {
	return call(w.m, "Put", func() (vault.Version, error) { return w.v.Put(ctx, v) })
}

func (w wiredVault) At(ctx context.Context, c sam.ConnectionID, id string) (vault.Version, error) {
	return call(w.m, "At", func() (vault.Version, error) { return w.v.At(ctx, c, id) })
}

func (w wiredVault) Versions(ctx context.Context, c sam.ConnectionID) ([]vault.Version, error) {
	return call(w.m, "Versions", func() ([]vault.Version, error) { return w.v.Versions(ctx, c) })
}

func (w wiredVault) Disable(ctx context.Context, c sam.ConnectionID, id string) error {
	return only(w.m, "Disable", func() error { return w.v.Disable(ctx, c, id) })
}

func (w wiredVault) Connections(ctx context.Context) ([]sam.ConnectionID, error) {
	return call(w.m, "vault.Connections", func() ([]sam.ConnectionID, error) { return w.v.Connections(ctx) })
}

type wiredLedger struct {
	m *machine
	l *ledgertest.Memory
}

func (w wiredLedger) Connection(ctx context.Context, c sam.ConnectionID) (ledger.Connection, error) {
	return call(w.m, "Connection", func() (ledger.Connection, error) { return w.l.Connection(ctx, c) })
}

func (w wiredLedger) Connections(ctx context.Context) ([]ledger.Connection, error) {
	return call(w.m, "ledger.Connections", func() ([]ledger.Connection, error) { return w.l.Connections(ctx) })
}

func (w wiredLedger) PutConnection(ctx context.Context, c ledger.Connection) error {
	return only(w.m, "PutConnection", func() error { return w.l.PutConnection(ctx, c) })
}

func (w wiredLedger) ChangeConnection(ctx context.Context, c sam.ConnectionID, change func(*ledger.Connection) bool) (bool, error) {
	return call(w.m, "ChangeConnection", func() (bool, error) { return w.l.ChangeConnection(ctx, c, change) })
}

func (w wiredLedger) Record(ctx context.Context, a ledger.Audit) error {
	return only(w.m, "Record "+a.Phase, func() error { return w.l.Record(ctx, a) })
}

type wiredRedeemer struct {
	m *machine
	g *grants
}

func (w wiredRedeemer) Redeem(ctx context.Context, r entra.RefreshRequest) (entra.Tokens, error) {
	return call(w.m, "Redeem", func() (entra.Tokens, error) { return w.g.Redeem(ctx, r) })
}

type wiredLocks struct {
	m *machine
	l *locks
}

func (w wiredLocks) Acquire(_ context.Context, name string, ttl time.Duration) (rotation.Lease, error) {
	l, err := call(w.m, "Acquire", func() (rotation.Lease, error) { return w.l.acquire(name, ttl) })
	if err != nil {
		return nil, err
	}
	return wiredLease{w.m, l}, nil
}

type wiredLease struct {
	m *machine
	l rotation.Lease
}

func (w wiredLease) Renew(ctx context.Context) error {
	return only(w.m, "Renew", func() error { return w.l.Renew(ctx) })
}

func (w wiredLease) Release(ctx context.Context) error {
	return only(w.m, "Release", func() error { return w.l.Release(ctx) })
}
