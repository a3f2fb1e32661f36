package ledgertest

import (
	"context"
	"iter"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Store is everything a ledger does; see the methods of [ledger.Ledger].
type Store interface {
	PutConnection(ctx context.Context, c ledger.Connection) error
	ChangeConnection(ctx context.Context, id sam.ConnectionID, change func(*ledger.Connection) bool) (bool, error)
	Connection(ctx context.Context, id sam.ConnectionID) (ledger.Connection, error)
	Connections(ctx context.Context) ([]ledger.Connection, error)

	PutCustomers(ctx context.Context, customers []sam.Customer) error
	Customers(ctx context.Context) ([]sam.Customer, error)
	SetAccess(ctx context.Context, id sam.CustomerID, why sam.Reason, detail string, at time.Time) error

	AddRun(ctx context.Context, r ledger.Run) error
	ChangeRun(ctx context.Context, id string, change func(*ledger.Run) bool) (ledger.Run, bool, error)
	Run(ctx context.Context, id string) (ledger.Run, error)
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	Beat(ctx context.Context, at time.Time, names ...string) error
	Heartbeats(ctx context.Context) (map[string]time.Time, error)

	Expect(ctx context.Context, expected []ledger.Outcome) error
	PutOutcome(ctx context.Context, o ledger.Outcome) error
	Outcome(ctx context.Context, run string, customer sam.CustomerID, task string) (ledger.Outcome, error)
	Outcomes(ctx context.Context, run string) iter.Seq2[ledger.Outcome, error]
	Job(ctx context.Context, run string, customer sam.CustomerID) ([]ledger.Outcome, error)

	Reconcile(ctx context.Context, run string, customer sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]ledger.Event, error)
	Unannounced(ctx context.Context, limit int) ([]ledger.Event, error)
	MarkAnnounced(ctx context.Context, events []ledger.Event) error
	OpenFindings(ctx context.Context) ([]ledger.FindingRow, error)

	PruneRuns(ctx context.Context, before time.Time, limit int) (runs, outcomes int, err error)
	PruneTrail(ctx context.Context, before time.Time, limit int) (int, error)
	PruneStates(ctx context.Context, before time.Time, limit int) (int, error)
	ForgetCustomer(ctx context.Context, id sam.CustomerID, at time.Time) (bool, error)

	Record(ctx context.Context, a ledger.Audit) error
	AuditTrail(ctx context.Context, subject string, limit int) ([]ledger.Audit, error)

	PoisonStore

	PutState(ctx context.Context, s ledger.ConsentState) error
	ConsumeState(ctx context.Context, id string, now time.Time) (ledger.ConsentState, error)
}

var (
	_ Store = (*ledger.Ledger)(nil)
	_ Store = (*Memory)(nil)
)
