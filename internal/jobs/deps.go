package jobs

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// The queues this package writes to.
const (
	QueueCustomerJobs = "customer-jobs"
	QueueFindings     = "findings"
)

// Ledger is what is kept; *ledger.Ledger is one. Its methods say what they do.
type Ledger interface {
	Connections(ctx context.Context) ([]ledger.Connection, error)
	ChangeConnection(ctx context.Context, id sam.ConnectionID, change func(*ledger.Connection) bool) (bool, error)
	PutCustomers(ctx context.Context, customers []sam.Customer) error
	Customers(ctx context.Context) ([]sam.Customer, error)
	SetAccess(ctx context.Context, id sam.CustomerID, why sam.Reason, detail string, at time.Time) error
	AddRun(ctx context.Context, r ledger.Run) error
	ChangeRun(ctx context.Context, id string, change func(*ledger.Run) bool) (ledger.Run, bool, error)
	Run(ctx context.Context, id string) (ledger.Run, error)
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	Expect(ctx context.Context, expected []ledger.Outcome) error
	PutOutcome(ctx context.Context, o ledger.Outcome) error
	Outcomes(ctx context.Context, run string) iter.Seq2[ledger.Outcome, error]
	Job(ctx context.Context, run string, customer sam.CustomerID) ([]ledger.Outcome, error)
	Reconcile(ctx context.Context, run string, customer sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]ledger.Event, error)
	Unannounced(ctx context.Context, limit int) ([]ledger.Event, error)
	MarkAnnounced(ctx context.Context, events []ledger.Event) error
	Record(ctx context.Context, a ledger.Audit) error
	Beat(ctx context.Context, at time.Time, names ...string) error
	Heartbeats(ctx context.Context) (map[string]time.Time, error)
	PruneRuns(ctx context.Context, before time.Time, limit int) (runs, outcomes int, err error)
	PruneTrail(ctx context.Context, before time.Time, limit int) (int, error)
	PruneStates(ctx context.Context, before time.Time, limit int) (int, error)
	ForgetPoisoned(ctx context.Context, before time.Time, limit int) (int, error)
	ForgetCustomer(ctx context.Context, id sam.CustomerID, at time.Time) (bool, error)
	PutPoisoned(ctx context.Context, p ledger.Poisoned, body []byte) (ledger.Poisoned, error)
	Poisoned(ctx context.Context, id string) (ledger.Poisoned, error)
	PoisonedList(ctx context.Context) iter.Seq2[ledger.Poisoned, error]
	MarkReplayed(ctx context.Context, id string, at time.Time, by, into string) (bool, error)
	Reopen(ctx context.Context, failed ledger.Outcome, plain, fix string) (ledger.Outcome, bool, error)
}

// Results keeps the last good document of each customer and task.
type Results interface {
	PutResult(ctx context.Context, customer sam.CustomerID, task string, doc []byte, at time.Time) error
}

// Sender puts a message on a queue, hidden for delay; the storage clients are
// one. It encodes the body as the host expects.
type Sender interface {
	Send(ctx context.Context, queue string, body []byte, delay time.Duration) error
}

// Gate is the doors shared by all processes: a scope is closed until a time.
type Gate interface {
	ClosedUntil(ctx context.Context, scope string, now time.Time) (time.Time, error)
	Close(ctx context.Context, scope string, until time.Time) error
}

// Governor counts the calls of all processes; *throttle.Governor is one.
type Governor interface {
	Admit(ctx context.Context, s throttle.Scope, now time.Time) (time.Duration, error)
	Observe(ctx context.Context, s throttle.Scope, a throttle.Answer, now time.Time) error
}

// Tokens makes the credential of one connection for one tenant.
type Tokens interface {
	Credential(conn sam.ConnectionID, tenant sam.TenantID) azcore.TokenCredential
}

// Discoverer lists the customers of a connection; *fleet.Fleet is one.
type Discoverer interface {
	Discover(ctx context.Context, conn fleet.Connection) (fleet.Discovery, error)
}

// Deps is everything a sweep needs. All interfaces and Tasks are required; the
// zero value of the rest means the default named beside it.
type Deps struct {
	Ledger  Ledger
	Results Results
	Queue   Sender
	Leases  Locker
	Gate    Gate
	Tokens  Tokens
	Fleet   Discoverer
	Tasks   *Registry

	// Limits counts the calls made for customers and for discovery; nil means
	// that nobody does.
	Limits Governor

	// HomeScope is what the connection can always get a token for in its own
	// tenant: the Partner Center scope. Empty means whatever was refused.
	HomeScope string

	RunDeadline  time.Duration // 4 h: when a run is settled whatever is missing
	RequeueAfter time.Duration // 15 min: when a silent job counts as lost
	TaskTimeout  time.Duration // 2 min for each task

	Retention      time.Duration // 30 days: how long runs, outcomes and what is gone are kept
	AuditRetention time.Duration // 400 days: how long audit lines are kept

	Now    func() time.Time
	Random func() float64 // in [0,1), for jitter
	Log    *slog.Logger
}

// Jobs opens, runs and supervises sweeps. It is safe for concurrent use, by
// many processes at once.
type Jobs struct {
	Deps
	roster roster
	doors  doors
	common common
}

// New checks the dependencies and fills in the defaults.
func New(d Deps) (*Jobs, error) {
	for _, missing := range []struct {
		absent bool
		what   string
	}{
		{d.Ledger == nil, "Ledger"},
		{d.Results == nil, "Results"},
		{d.Queue == nil, "Queue"},
		{d.Leases == nil, "Leases"},
		{d.Gate == nil, "Gate"},
		{d.Tokens == nil, "Tokens"},
		{d.Fleet == nil, "Fleet"},
		{d.Tasks == nil, "Tasks"},
	} {
		if missing.absent {
			return nil, errors.New("jobs: " + missing.what + " is missing")
		}
	}
	d.setDefaults()
	return &Jobs{Deps: d}, nil
}

func (d *Deps) setDefaults() {
	if d.RunDeadline <= 0 {
		d.RunDeadline = 4 * time.Hour
	}
	if d.RequeueAfter <= 0 {
		d.RequeueAfter = 15 * time.Minute
	}
	if d.TaskTimeout <= 0 {
		d.TaskTimeout = 2 * time.Minute
	}
	if d.Retention <= 0 {
		d.Retention = 30 * 24 * time.Hour
	}
	if d.AuditRetention <= 0 {
		d.AuditRetention = 400 * 24 * time.Hour
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Random == nil {
		d.Random = rand.Float64
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
}
