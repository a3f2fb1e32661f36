package jobs_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

const standby = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333301")

// logbook keeps the log of a test.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// alerts counts the calls for a person.
func (l *logbook) alerts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), "connection needs a person")
}

// mark makes the first connection primary and adds a standby.
func (b *bench) addStandby(t *testing.T) *logbook {
	t.Helper()
	book := &logbook{}
	b.Log = slog.New(slog.NewTextHandler(book, nil))
	for _, c := range []ledger.Connection{
		{ID: conn, Kind: sam.PartnerConnection, Primary: true, ConsentedAt: b.Now(), RotatedAt: b.Now(), ProvedAt: b.Now()},
		{ID: standby, Kind: sam.PartnerConnection, ConsentedAt: b.Now(), RotatedAt: b.Now(), ProvedAt: b.Now()},
	} {
		if err := b.ledger.PutConnection(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return book
}

// What is the account's own fails over; what strikes every account alike holds
// the sweep. Either way there is one alert.
func TestFailOver(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		problem sam.Problem
		over    bool
	}{
		"revoked":                      {sam.Problem{Tenant: partner, Class: sam.ClassReconsent, Code: "AADSTS50173"}, true},
		"no MFA, says Partner Center":  {sam.Problem{Tenant: customer(1).Tenant(), Class: sam.ClassReconsent, Code: "900421"}, true},
		"barred by its own tenant":     {sam.Problem{Tenant: partner, Class: sam.ClassPolicy, Code: "AADSTS53003"}, true},
		"the app's credential":         {sam.Problem{Tenant: partner, Class: sam.ClassCredential, Code: "AADSTS7000222"}, false},
		"Microsoft blocks the partner": {sam.Problem{Tenant: customer(1).Tenant(), Class: sam.ClassPolicy, Code: "AADSTS530034"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			refused := 0
			task := scripted{"health", func(_ context.Context, v jobs.Visit) (jobs.Result, error) {
				if v.Customer.Connection == standby {
					return jobs.Result{}, nil
				}
				mu.Lock()
				defer mu.Unlock()
				refused++
				p := row.problem
				return jobs.Result{}, &p
			}}
			b := newBench(t, 20, task, finds("alerts", "k"))
			book := b.addStandby(t)
			run := b.openRun(t)
			var workers sync.WaitGroup
			for range 6 {
				workers.Go(func() { b.deliver(t) })
			}
			workers.Wait()
			if n := book.alerts(); n != 1 {
				t.Errorf("%d alerts", n)
			}
			b.supervise(t)
			got := b.stored(t, run)
			if closed := got.State == ledger.RunClosed && got.Sums.Done == 40; closed != row.over {
				t.Errorf("run %+v", got)
			}
			if refused > 6 {
				t.Errorf("%d jobs ran into the broken connection, want one for each worker at most", refused)
			}
			c, err := b.ledger.Connection(t.Context(), conn)
			if err != nil || c.Problem == nil || c.Problem.Code != row.problem.Code || c.BrokenAt.IsZero() == row.over {
				t.Errorf("connection %+v, %v", c, err)
			}
		})
	}
}

// When the standby is dead, too, the sweep waits, and each is raised once.
func TestNobodyLeftToServe(t *testing.T) {
	t.Parallel()
	b := newBench(t, 5, does("health", jobs.Result{}, &sam.Problem{Tenant: partner, Class: sam.ClassReconsent, Code: "AADSTS50173"}))
	book := b.addStandby(t)
	b.openRun(t)
	for range 4 {
		b.deliver(t)
		b.clock.advance(jobs.HoldFor)
	}
	if n := book.alerts(); n != 2 {
		t.Errorf("%d alerts, want one for each connection", n)
	}
	if n := b.queue.len(jobs.QueueCustomerJobs); n != 5 {
		t.Errorf("%d jobs wait, want 5", n)
	}
}

// A whole sweep against the simulated cloud, with many workers, loses its first
// account half way: nobody fails, one alert, the standby's token does the rest.
func TestSweepFailsOver(t *testing.T) {
	t.Parallel()
	for name, strike := range map[string]func(*world.World){
		"grant revoked":    func(w *world.World) { w.RevokeGrants(world.IntegrationUserID) },
		"account disabled": func(w *world.World) { w.ChangeUser(world.IntegrationUserID, func(u *world.User) { u.Disabled = true }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSweep(t, simtest.Options{Customers: 30, Seed: 5}, false)
			s.vault[standby] = s.cloud.MintRefreshToken(t, simtest.Mint{User: world.StandbyUserID})
			book := s.addStandby(t)
			run := s.openRun(t)
			for range 10 {
				if m := s.queue.take(jobs.QueueCustomerJobs); m != nil {
					if err := s.RunJob(t.Context(), m.body); err != nil {
						t.Fatal(err)
					}
				}
			}
			strike(s.cloud.World)
			run = s.finish(t, run)
			s.check(t, run, allTasks, false)
			if n := book.alerts(); n != 1 {
				t.Errorf("%d alerts", n)
			}
			s.cloud.World.Advance(time.Hour)
			run = s.finish(t, s.openRun(t))
			s.check(t, run, allTasks, false)
			if n := book.alerts(); n != 1 {
				t.Errorf("%d alerts after another sweep", n)
			}
		})
	}
}
