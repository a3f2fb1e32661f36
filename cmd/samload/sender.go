package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/load"
)

// openRun opens a real run over n customers and says how long its messages
// took, from the first to the last. Its ledger is in memory and its customers
// are made up: the queue alone is measured.
func openRun(ctx context.Context, connectionString string, n int) (time.Duration, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = load.Senders
	clients, err := storage.New(storage.Config{ConnectionString: connectionString, HTTP: &http.Client{Transport: transport}})
	if err != nil {
		return 0, err
	}
	book := memory()
	if err := book.PutConnection(ctx, ledger.Connection{ID: conn, Kind: sam.PartnerConnection, Primary: true}); err != nil {
		return 0, err
	}
	tasks, err := jobs.NewRegistry(task("subscriptions"), task("health"), task("directory"))
	if err != nil {
		return 0, err
	}
	watch := &stopwatch{queue: clients}
	sweeps, err := jobs.New(jobs.Deps{
		Ledger: book, Queue: watch, Tasks: tasks, Fleet: fixed(n),
		Results: unused{}, Gate: unused{}, Tokens: unused{}, Leases: unused{},
	})
	if err != nil {
		return 0, err
	}
	if _, err := sweeps.OpenRun(ctx); err != nil {
		return 0, err
	}
	return watch.took(), nil
}

// conn is the connection that all made-up customers belong to.
const conn = sam.ConnectionID("00000000-0000-4000-8000-000000000001.00000000-0000-4000-8000-000000000002")

func memory() *ledger.Ledger {
	tables := map[string]rows.Table{}
	return ledger.Over(func(name string) rows.Table {
		if tables[name] == nil {
			tables[name] = rows.NewMemory()
		}
		return tables[name]
	}, nil)
}

// stopwatch sends, and knows when it began and ended.
type stopwatch struct {
	queue jobs.Sender

	mu          sync.Mutex
	first, last time.Time
}

func (s *stopwatch) Send(ctx context.Context, queue string, body []byte, delay time.Duration) error {
	began := time.Now()
	err := s.queue.Send(ctx, queue, body, delay)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first.IsZero() || began.Before(s.first) {
		s.first = began
	}
	s.last = time.Now()
	return err
}

func (s *stopwatch) took() time.Duration { return s.last.Sub(s.first) }

// fixed discovers so many customers.
type fixed int

func (n fixed) Discover(context.Context, fleet.Connection) (fleet.Discovery, error) {
	var d fleet.Discovery
	for i := range int(n) {
		d.Customers = append(d.Customers, sam.Customer{ID: sam.CustomerID(fmt.Sprintf("00000000-0000-4000-9000-%012d", i)), Connection: conn})
	}
	return d, nil
}

// task is a kind of work that nobody does here.
type task string

func (t task) Name() string { return string(t) }

func (task) Run(context.Context, jobs.Visit) (jobs.Result, error) { return jobs.Result{}, nil }

// unused is what opening a run asks nothing of, or always gets.
type unused struct{}

func (unused) PutResult(context.Context, sam.CustomerID, string, []byte, time.Time) error { return nil }

func (unused) ClosedUntil(context.Context, string, time.Time) (time.Time, error) {
	return time.Time{}, nil
}
func (unused) Close(context.Context, string, time.Time) error { return nil }

func (unused) Credential(sam.ConnectionID, sam.TenantID) azcore.TokenCredential { return nil }

func (unused) Acquire(context.Context, string, time.Duration) (jobs.Lease, error) {
	return unused{}, nil
}
func (unused) Renew(context.Context) error   { return nil }
func (unused) Release(context.Context) error { return nil }
