package ledgertest

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Phase says where in a call a hook is.
type Phase string

// The phases of a call. An error from the hook becomes the call's error: before
// it nothing has happened, after it everything has, as when an answer is lost.
const (
	Before Phase = "before"
	After  Phase = "after"
)

// Hook is asked before and after every call of a Memory, by the method's name
// ("PutOutcome"). After is asked only when the call succeeded.
type Hook func(phase Phase, method string) error

// Memory is a ledger in memory. It is safe for concurrent use.
type Memory struct {
	ledger *ledger.Ledger

	mu   sync.Mutex
	hook Hook
}

// NewMemory is an empty ledger. now is its clock; nil means time.Now.
func NewMemory(now func() time.Time) *Memory {
	tables := map[string]rows.Table{}
	return &Memory{ledger: ledger.Over(func(name string) rows.Table {
		if tables[name] == nil {
			tables[name] = rows.NewMemory()
		}
		return tables[name]
	}, now)}
}

// SetHook makes every later call ask h; nil asks nobody.
func (m *Memory) SetHook(h Hook) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = h
}

// FailOnce makes the next call of the method fail in the given phase, in place
// of any hook before; other calls work.
func (m *Memory) FailOnce(phase Phase, method string, err error) {
	var once sync.Once
	m.SetHook(func(p Phase, name string) (failure error) {
		if p == phase && name == method {
			once.Do(func() { failure = err })
		}
		return failure
	})
}

// ask asks the hook, if there is one.
func (m *Memory) ask(phase Phase, method string) error {
	m.mu.Lock()
	h := m.hook
	m.mu.Unlock()
	if h == nil {
		return nil
	}
	return h(phase, method)
}

// do runs a call between its hooks.
func (m *Memory) do(method string, call func() error) error {
	if err := m.ask(Before, method); err != nil {
		return err
	}
	if err := call(); err != nil {
		return err
	}
	return m.ask(After, method)
}

// of runs a call with a result between its hooks.
func of[T any](m *Memory, method string, call func() (T, error)) (T, error) {
	var result T
	err := m.do(method, func() (err error) {
		result, err = call()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// PutConnection implements Store.
func (m *Memory) PutConnection(ctx context.Context, c ledger.Connection) error {
	return m.do("PutConnection", func() error { return m.ledger.PutConnection(ctx, c) })
}

// ChangeConnection implements Store.
func (m *Memory) ChangeConnection(ctx context.Context, id sam.ConnectionID, change func(*ledger.Connection) bool) (bool, error) {
	return of(m, "ChangeConnection", func() (bool, error) { return m.ledger.ChangeConnection(ctx, id, change) })
}

// Connection implements Store.
func (m *Memory) Connection(ctx context.Context, id sam.ConnectionID) (ledger.Connection, error) {
	return of(m, "Connection", func() (ledger.Connection, error) { return m.ledger.Connection(ctx, id) })
}

// Connections implements Store.
func (m *Memory) Connections(ctx context.Context) ([]ledger.Connection, error) {
	return of(m, "Connections", func() ([]ledger.Connection, error) { return m.ledger.Connections(ctx) })
}

// PutCustomers implements Store.
func (m *Memory) PutCustomers(ctx context.Context, customers []sam.Customer) error {
	return m.do("PutCustomers", func() error { return m.ledger.PutCustomers(ctx, customers) })
}

// Customers implements Store.
func (m *Memory) Customers(ctx context.Context) ([]sam.Customer, error) {
	return of(m, "Customers", func() ([]sam.Customer, error) { return m.ledger.Customers(ctx) })
}

// SetAccess implements Store.
func (m *Memory) SetAccess(ctx context.Context, id sam.CustomerID, why sam.Reason, detail string, at time.Time) error {
	return m.do("SetAccess", func() error { return m.ledger.SetAccess(ctx, id, why, detail, at) })
}

// AddRun implements Store.
func (m *Memory) AddRun(ctx context.Context, r ledger.Run) error {
	return m.do("AddRun", func() error { return m.ledger.AddRun(ctx, r) })
}

// ChangeRun implements Store.
func (m *Memory) ChangeRun(ctx context.Context, id string, change func(*ledger.Run) bool) (r ledger.Run, changed bool, err error) {
	err = m.do("ChangeRun", func() (err error) {
		r, changed, err = m.ledger.ChangeRun(ctx, id, change)
		return err
	})
	if err != nil {
		return ledger.Run{}, false, err
	}
	return r, changed, nil
}

// Run implements Store.
func (m *Memory) Run(ctx context.Context, id string) (ledger.Run, error) {
	return of(m, "Run", func() (ledger.Run, error) { return m.ledger.Run(ctx, id) })
}

// Runs implements Store.
func (m *Memory) Runs(ctx context.Context, limit int) ([]ledger.Run, error) {
	return of(m, "Runs", func() ([]ledger.Run, error) { return m.ledger.Runs(ctx, limit) })
}

// Beat implements Store.
func (m *Memory) Beat(ctx context.Context, at time.Time, names ...string) error {
	return m.do("Beat", func() error { return m.ledger.Beat(ctx, at, names...) })
}

// Heartbeats implements Store.
func (m *Memory) Heartbeats(ctx context.Context) (map[string]time.Time, error) {
	return of(m, "Heartbeats", func() (map[string]time.Time, error) { return m.ledger.Heartbeats(ctx) })
}

// Expect implements Store.
func (m *Memory) Expect(ctx context.Context, expected []ledger.Outcome) error {
	return m.do("Expect", func() error { return m.ledger.Expect(ctx, expected) })
}

// PutOutcome implements Store.
func (m *Memory) PutOutcome(ctx context.Context, o ledger.Outcome) error {
	return m.do("PutOutcome", func() error { return m.ledger.PutOutcome(ctx, o) })
}

// Outcome implements Store.
func (m *Memory) Outcome(ctx context.Context, run string, customer sam.CustomerID, task string) (ledger.Outcome, error) {
	return of(m, "Outcome", func() (ledger.Outcome, error) { return m.ledger.Outcome(ctx, run, customer, task) })
}

// Outcomes implements Store; the hooks are asked before the first and after the
// last outcome.
func (m *Memory) Outcomes(ctx context.Context, run string) iter.Seq2[ledger.Outcome, error] {
	return func(yield func(ledger.Outcome, error) bool) {
		if err := m.ask(Before, "Outcomes"); err != nil {
			yield(ledger.Outcome{}, err)
			return
		}
		for o, err := range m.ledger.Outcomes(ctx, run) {
			if !yield(o, err) {
				return
			}
		}
		if err := m.ask(After, "Outcomes"); err != nil {
			yield(ledger.Outcome{}, err)
		}
	}
}

// Job implements Store.
func (m *Memory) Job(ctx context.Context, run string, customer sam.CustomerID) ([]ledger.Outcome, error) {
	return of(m, "Job", func() ([]ledger.Outcome, error) { return m.ledger.Job(ctx, run, customer) })
}

// Reconcile implements Store.
func (m *Memory) Reconcile(ctx context.Context, run string, customer sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]ledger.Event, error) {
	return of(m, "Reconcile", func() ([]ledger.Event, error) { return m.ledger.Reconcile(ctx, run, customer, task, now, at) })
}

// Unannounced implements Store.
func (m *Memory) Unannounced(ctx context.Context, limit int) ([]ledger.Event, error) {
	return of(m, "Unannounced", func() ([]ledger.Event, error) { return m.ledger.Unannounced(ctx, limit) })
}

// MarkAnnounced implements Store.
func (m *Memory) MarkAnnounced(ctx context.Context, events []ledger.Event) error {
	return m.do("MarkAnnounced", func() error { return m.ledger.MarkAnnounced(ctx, events) })
}

// OpenFindings implements Store.
func (m *Memory) OpenFindings(ctx context.Context) ([]ledger.FindingRow, error) {
	return of(m, "OpenFindings", func() ([]ledger.FindingRow, error) { return m.ledger.OpenFindings(ctx) })
}

// Record implements Store.
func (m *Memory) Record(ctx context.Context, a ledger.Audit) error {
	return m.do("Record", func() error { return m.ledger.Record(ctx, a) })
}

// AuditTrail implements Store.
func (m *Memory) AuditTrail(ctx context.Context, subject string, limit int) ([]ledger.Audit, error) {
	return of(m, "AuditTrail", func() ([]ledger.Audit, error) { return m.ledger.AuditTrail(ctx, subject, limit) })
}

// PutState implements Store.
func (m *Memory) PutState(ctx context.Context, s ledger.ConsentState) error {
	return m.do("PutState", func() error { return m.ledger.PutState(ctx, s) })
}

// ConsumeState implements Store.
func (m *Memory) ConsumeState(ctx context.Context, id string, now time.Time) (ledger.ConsentState, error) {
	return of(m, "ConsumeState", func() (ledger.ConsentState, error) { return m.ledger.ConsumeState(ctx, id, now) })
}
