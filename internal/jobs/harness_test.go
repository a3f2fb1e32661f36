package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	partner = sam.TenantID("11111111-1111-4111-8111-111111111111")
	conn    = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
)

// customer makes the id of the nth test customer.
func customer(n int) sam.CustomerID {
	return sam.CustomerID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", n))
}

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// sent is one message on a queue.
type sent struct {
	body      []byte
	due       time.Time
	delivered int
}

// queues plays the queue service: visibility delays by the test's clock.
type queues struct {
	now func() time.Time

	mu     sync.Mutex
	byName map[string][]*sent
	fail   func(queue string) error
}

func (q *queues) Send(ctx context.Context, queue string, body []byte, delay time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fail != nil {
		if err := q.fail(queue); err != nil {
			return err
		}
	}
	if q.byName == nil {
		q.byName = map[string][]*sent{}
	}
	q.byName[queue] = append(q.byName[queue], &sent{body: slices.Clone(body), due: q.now().Add(delay)})
	return ctx.Err()
}

// take removes the first due message, or returns nil.
func (q *queues) take(queue string) *sent {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, m := range q.byName[queue] {
		if !m.due.After(q.now()) {
			q.byName[queue] = slices.Delete(q.byName[queue], i, i+1)
			return m
		}
	}
	return nil
}

func (q *queues) back(queue string, m *sent) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.byName[queue] = append(q.byName[queue], m)
}

func (q *queues) len(queue string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.byName[queue])
}

// bodies lists a queue's messages without taking them.
func (q *queues) bodies(queue string) [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all [][]byte
	for _, m := range q.byName[queue] {
		all = append(all, m.body)
	}
	return all
}

// nextDue is when the next message shows up; zero when the queue is empty.
func (q *queues) nextDue(queue string) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	var next time.Time
	for _, m := range q.byName[queue] {
		if next.IsZero() || m.due.Before(next) {
			next = m.due
		}
	}
	return next
}

// gate is the shared throttle in memory.
type gate struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (g *gate) ClosedUntil(_ context.Context, scope string, now time.Time) (time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if u := g.until[scope]; u.After(now) {
		return u, nil
	}
	return time.Time{}, nil
}

func (g *gate) Close(_ context.Context, scope string, until time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.until == nil {
		g.until = map[string]time.Time{}
	}
	if until.After(g.until[scope]) {
		g.until[scope] = until
	}
	return nil
}

// locks hands out locks within the process.
type locks struct {
	mu   sync.Mutex
	held map[string]bool
}

func (l *locks) Acquire(_ context.Context, name string, _ time.Duration) (jobs.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name] {
		return nil, jobs.ErrHeld
	}
	if l.held == nil {
		l.held = map[string]bool{}
	}
	l.held[name] = true
	return &lock{l, name}, nil
}

type lock struct {
	locks *locks
	name  string
}

func (l *lock) Renew(context.Context) error { return nil }

func (l *lock) Release(context.Context) error {
	l.locks.mu.Lock()
	defer l.locks.mu.Unlock()
	delete(l.locks.held, l.name)
	return nil
}

// results keeps documents in memory.
type results struct {
	mu   sync.Mutex
	docs map[string]json.RawMessage
}

func (r *results) PutResult(_ context.Context, c sam.CustomerID, task string, doc []byte, _ time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.docs == nil {
		r.docs = map[string]json.RawMessage{}
	}
	r.docs[string(c)+"/"+task] = slices.Clone(doc)
	return nil
}

// tokens gives a made-up token to everyone.
type tokens struct{}

func (tokens) Credential(sam.ConnectionID, sam.TenantID) azcore.TokenCredential { return tokens{} }

func (tokens) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// books is a discovery the test writes.
type books struct {
	mu        sync.Mutex
	customers []sam.Customer
	note      string
	err       error
	asked     int
}

func (b *books) Discover(_ context.Context, c fleet.Connection) (fleet.Discovery, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.err != nil {
		return fleet.Discovery{}, b.err
	}
	d := fleet.Discovery{Partial: b.note != "", Note: b.note}
	for _, cu := range b.customers {
		cu.Connection = c.ID
		d.Customers = append(d.Customers, cu)
	}
	return d, nil
}

// scripted is a task that does what the test says.
type scripted struct {
	name string
	run  func(ctx context.Context, v jobs.Visit) (jobs.Result, error)
}

func (s scripted) Name() string { return s.name }

func (s scripted) Run(ctx context.Context, v jobs.Visit) (jobs.Result, error) { return s.run(ctx, v) }

// does is a task that always ends the same way.
func does(name string, res jobs.Result, err error) scripted {
	return scripted{name, func(context.Context, jobs.Visit) (jobs.Result, error) { return res, err }}
}

// finds is a task with one finding.
func finds(name, key string) scripted {
	return does(name, jobs.Result{
		Findings: []sam.Finding{{Key: key, Kind: "trouble", Severity: sam.High, Title: "trouble"}},
		Document: map[string]string{"saw": key},
	}, nil)
}

// bench is a whole sweep on a table.
type bench struct {
	*jobs.Jobs
	clock   *clock
	ledger  *ledgertest.Memory
	queue   *queues
	gate    *gate
	locks   *locks
	results *results
	books   *books
}

// newBench has one connection and n customers.
func newBench(t *testing.T, n int, tasks ...jobs.Task) *bench {
	t.Helper()
	c := newClock()
	b := &bench{
		clock: c, ledger: ledgertest.NewMemory(c.now), queue: &queues{now: c.now},
		gate: &gate{}, locks: &locks{}, results: &results{}, books: &books{},
	}
	for i := range n {
		b.books.customers = append(b.books.customers, sam.Customer{ID: customer(i), Name: fmt.Sprint("Customer ", i)})
	}
	registry, err := jobs.NewRegistry(tasks...)
	if err != nil {
		t.Fatal(err)
	}
	b.Jobs, err = jobs.New(jobs.Deps{
		Ledger: b.ledger, Results: b.results, Queue: b.queue, Leases: b.locks, Gate: b.gate,
		Tokens: tokens{}, Fleet: b.books, Tasks: registry, Now: c.now, Random: func() float64 { return 0 },
		HomeScope: "https://api.partnercenter.example/.default",
	})
	if err != nil {
		t.Fatal(err)
	}
	err = b.ledger.PutConnection(t.Context(), ledger.Connection{
		ID: conn, Kind: sam.PartnerConnection, ConsentedAt: c.now(), ProvedAt: c.now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// openRun opens a run and fails the test when that fails.
func (b *bench) openRun(t *testing.T) ledger.Run {
	t.Helper()
	run, err := b.OpenRun(t.Context())
	if err != nil {
		t.Fatalf("open a run: %v", err)
	}
	return run
}

// maxDeliveries is the host's maxDequeueCount.
const maxDeliveries = 5

// deliver plays the host: it delivers what is due until nothing is, gives a
// failed message back, and poisons it after five deliveries.
func (b *bench) deliver(t *testing.T) {
	t.Helper()
	deliver(t, b.Jobs, b.queue)
}

func deliver(t *testing.T, j *jobs.Jobs, q *queues) {
	t.Helper()
	for m := q.take(jobs.QueueCustomerJobs); m != nil; m = q.take(jobs.QueueCustomerJobs) {
		m.delivered++
		err := j.RunJob(t.Context(), m.body)
		switch {
		case err == nil:
		case m.delivered < maxDeliveries:
			q.back(jobs.QueueCustomerJobs, m)
		default:
			if err := j.RecordPoisoned(t.Context(), m.body); err != nil {
				t.Fatalf("record a poisoned message: %v", err)
			}
		}
	}
}

// untilQuiet delivers, waiting for delayed messages, until the queue is empty.
func (b *bench) untilQuiet(t *testing.T) {
	t.Helper()
	for range 100 {
		b.deliver(t)
		due := b.queue.nextDue(jobs.QueueCustomerJobs)
		if due.IsZero() {
			return
		}
		b.clock.advance(due.Sub(b.clock.now()))
	}
	t.Fatal("the queue never gets empty")
}

// supervise does one round.
func (b *bench) supervise(t *testing.T) jobs.Supervision {
	t.Helper()
	s, err := b.Supervise(t.Context())
	if err != nil {
		t.Fatalf("supervise: %v", err)
	}
	return s
}

// outcome reads one row.
func (b *bench) outcome(t *testing.T, run ledger.Run, c sam.CustomerID, task string) ledger.Outcome {
	t.Helper()
	o, err := b.ledger.Outcome(t.Context(), run.ID, c, task)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// stored reads a run's row.
func (b *bench) stored(t *testing.T, run ledger.Run) ledger.Run {
	t.Helper()
	got, err := b.ledger.Run(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// messages decodes what waits in the queue of jobs.
func (b *bench) messages(t *testing.T) []jobs.Message {
	t.Helper()
	var all []jobs.Message
	for _, body := range b.queue.bodies(jobs.QueueCustomerJobs) {
		m, err := jobs.ParseMessage(body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// throttledBy is the refusal a test's task returns.
func throttledBy(wait time.Duration) error {
	return &sam.Problem{Op: "test", Class: sam.ClassRetry, Status: 429, Code: "TooManyRequests", RetryAfter: wait, Plain: "Too many."}
}

var errBoom = errors.New("boom")
