package jobs_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// stagedCustomers and stagedTasks are the size of a sweep on the stage.
const (
	stagedCustomers = 2
	stagedTasks     = 2
)

// hidden is how long a message that is being worked on is not delivered again.
const hidden = 10 * time.Minute

// stage is what processes share: tables, queues, locks, gates, a clock that
// moves with each step, and customers that have one thing wrong until they are
// mended.
type stage struct {
	twist func(*process, *jobs.Deps) // makes the rooms of a process break the law

	mu     sync.Mutex
	at     time.Time
	tables map[string]rows.Table
	byName map[string][]*sent
	held   map[string]grip
	grips  int
	tries  map[string]int
	mended bool
	// cancelled are the runs whose cancellation was confirmed and not revoked.
	cancelled map[string]bool
	wrong     []string
	trace     strings.Builder
	gate      gate
	results   results
}

// grip is who holds a lock, and until when.
type grip struct {
	number int
	until  time.Time
}

func newStage(tb testing.TB) *stage {
	tb.Helper()
	s := &stage{
		at: newClock().now(), tables: map[string]rows.Table{}, byName: map[string][]*sent{},
		held: map[string]grip{}, tries: map[string]int{}, cancelled: map[string]bool{},
	}
	if err := s.ledger(nil).PutConnection(tb.Context(), ledger.Connection{ID: conn, Kind: sam.PartnerConnection, ConsentedAt: s.at, ProvedAt: s.at}); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *stage) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

// tick is more than a second: event keys tell seconds apart, and so do the checks.
func (s *stage) tick() { s.advance(1100 * time.Millisecond) }

func (s *stage) note(who, what string, fate mishap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(&s.trace, "%s %s %s\n", who, what, fate)
}

func (s *stage) fail(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// ledger is the ledger as a process reaches it, or the stage itself (nil).
func (s *stage) ledger(p *process) *ledger.Ledger {
	return ledger.Over(func(name string) rows.Table {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.tables[name] == nil {
			s.tables[name] = rows.NewMemory()
		}
		if p == nil {
			return s.tables[name]
		}
		return table{s.tables[name], p, name}
	}, s.now)
}

func (s *stage) put(queue string, m *sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName[queue] = append(s.byName[queue], m)
}

// take hides a message that is due, or returns nil. Of several it is always the
// same one, in whatever order they were sent.
func (s *stage) take(queue string) *sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first *sent
	for _, m := range s.byName[queue] {
		if !m.due.After(s.at) && (first == nil || bytes.Compare(m.body, first.body) < 0) {
			first = m
		}
	}
	if first != nil {
		first.delivered++
		first.due = s.at.Add(hidden)
	}
	return first
}

func (s *stage) drop(queue string, gone *sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []*sent
	for _, m := range s.byName[queue] {
		if m != gone {
			left = append(left, m)
		}
	}
	s.byName[queue] = left
}

// peek copies what lies in a queue, hidden or not, in the order of take.
func (s *stage) peek(queue string) []*sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.byName[queue])
	slices.SortStableFunc(all, func(a, b *sent) int { return bytes.Compare(a.body, b.body) })
	return all
}

func (s *stage) acquire(p *process, name string, ttl time.Duration) (jobs.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[name].until.After(s.at) {
		return nil, jobs.ErrHeld
	}
	s.grips++
	s.held[name] = grip{s.grips, s.at.Add(ttl)}
	return lapsing{p, name, s.grips}, nil
}

func (s *stage) release(name string, number int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[name].number == number {
		delete(s.held, name)
	}
	return nil
}

// look is what the tasks do: health has one finding at the first customer until
// that is mended, alerts is refused once at each.
func (s *stage) look(task string, c sam.CustomerID) (jobs.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if task == "alerts" {
		if s.tries[string(c)]++; s.tries[string(c)] == 1 {
			return jobs.Result{}, throttledBy(0)
		}
		return jobs.Result{}, nil
	}
	r := jobs.Result{Document: map[string]bool{"mended": s.mended}}
	if c == customer(0) && !s.mended {
		r.Findings = []sam.Finding{{Key: "k", Kind: "trouble", Severity: sam.High, Title: "trouble"}}
	}
	return r, nil
}

// jobs are the rooms of one process.
func (s *stage) jobs(p *process) *jobs.Jobs {
	task := func(name string) scripted {
		return scripted{name, func(_ context.Context, v jobs.Visit) (jobs.Result, error) { return s.look(name, v.Customer.ID) }}
	}
	registry, err := jobs.NewRegistry(task("health"), task("alerts"))
	if err != nil {
		panic(err)
	}
	known := &books{}
	for i := range stagedCustomers {
		known.customers = append(known.customers, sam.Customer{ID: customer(i), SeenAt: s.now()})
	}
	d := jobs.Deps{
		Ledger: s.ledger(p), Results: p, Queue: p, Leases: p, Gate: &s.gate, Tokens: tokens{}, Fleet: known,
		Tasks: registry, Now: s.now, Random: func() float64 { return 0 },
	}
	if s.twist != nil {
		s.twist(p, &d)
	}
	j, err := jobs.New(d)
	if err != nil {
		panic(err)
	}
	return j
}
