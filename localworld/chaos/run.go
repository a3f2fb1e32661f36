package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/sim/storage"
)

// Names in the storage, as the documentation of the app has them.
const (
	queueJobs     = "customer-jobs"
	queuePoison   = "customer-jobs-poison"
	queueFindings = "findings"
)

// The functions that are driven by hand.
const (
	functionOpen      = "EnqueueCustomers"
	functionRotate    = "RotateRefreshTokens"
	functionSupervise = "SuperviseRuns"
	functionJob       = "RunCustomerJob"
	functionPoison    = "RecordPoisonedJob"
)

// hostLease is how long a host leases a message: what a lost host worked on
// comes back after it.
const hostLease = 20 * time.Second

// tasks are done at every customer: one writes there, the others read. The task
// that needs the partner's own token at each is left out: a handler that was
// just born redeems one, which the app paces at 120 a minute, and here two are
// born every second.
var tasks = []string{"consent", "subscriptions", "health", "alerts", "directory"}

// settings make the app look for what is lost sooner than in production, and
// call Partner Center as often as it likes: 500 calls a minute would be this
// test's clock.
var settings = map[string]string{
	"SAMKEEPER_PARTNERCENTER_LIMIT": "100000",
	"SAMKEEPER_REQUEUE_AFTER":       "30s",
	"SAMKEEPER_RUN_DEADLINE":        "30m",
	"SAMKEEPER_TASKS":               strings.Join(tasks, ","),
}

// session is one kill test under way.
type session struct {
	Options
	began  time.Time
	report *Report
	world  *localworld.World
	fleet  *fleet
	storm  *storm
	dice   *rand.Rand // of the driver: which host does what

	store    *store
	results  *resultBook
	events   eventBook
	sweeps   []*sweep
	failures tally
}

// tally counts failed invocations, which redeliveries follow.
type tally struct{ jobs, poison, timers, done atomic.Int64 }

func (t *tally) observe(i funchost.Invocation) {
	switch {
	case i.Function == functionJob && i.Err == nil:
		t.done.Add(1)
	case i.Err == nil:
	case i.Function == functionJob:
		t.jobs.Add(1)
	case i.Function == functionPoison:
		t.poison.Add(1)
	default:
		t.timers.Add(1)
	}
}

// Run plays the kill test. The report tells how far it got; the error wraps
// ErrBreach when a promise was broken.
func Run(ctx context.Context, opts Options) (*Report, error) {
	if err := opts.fill(); err != nil {
		return &Report{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, opts.Limit, errLimit)
	defer cancel()
	s := &session{Options: opts, began: time.Now(), report: newReport(opts), dice: rand.New(rand.NewPCG(opts.Seed, 0xD21)), results: newResultBook(), events: eventBook{}}
	err := s.play(ctx)
	s.report.WallS = time.Since(s.began).Seconds()
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errLimit) {
		err = joined(cause, err)
	}
	if opts.OutDir != "" {
		err = joined(err, s.report.write(filepath.Join(opts.OutDir, "report.json")))
	}
	return s.report, err
}

func (s *session) play(ctx context.Context) error {
	root, err := stage(s.ScriptRoot)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(root) }() // a leftover temporary folder hurts nobody
	if err := s.prepare(ctx, root); err != nil {
		return err
	}
	defer s.world.Stop()
	defer s.stopFleet()
	for n := range s.Sweeps {
		if err := s.sweep(ctx, n+1); err != nil {
			return fmt.Errorf("sweep %d: %w\n%s", n+1, err, s.world.LastWords())
		}
	}
	if err := s.plant(ctx, s.Plant); err != nil {
		return fmt.Errorf("planting %q: %w", s.Plant, err)
	}
	err = s.judge(ctx)
	if s.after != nil {
		err = joined(err, s.after(ctx, s))
	}
	return err
}

func (s *session) stopFleet() {
	if s.fleet != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		s.fleet.stop(ctx)
	}
}

// prepare brings the world up, signs in and rotates in good weather, and puts
// the fleet in the place of the host that did it.
func (s *session) prepare(ctx context.Context, root string) (err error) {
	s.say("seed %d: %d customers, %d handlers, a kill every %s", s.Seed, s.Customers, s.Hosts, s.KillEvery)
	s.world, err = localworld.Start(ctx, localworld.Options{
		ScriptRoot: root, Customers: s.Customers, Seed: s.Seed, LogDir: s.OutDir, Settings: settings,
		Shares: shares(), Simulated: true, QueueLease: hostLease, Observe: s.failures.observe, Stored: s.results.note,
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.world.Stop()
		}
	}()
	if s.store, err = open(s.world.ConnectionString()); err != nil {
		return err
	}
	if err := s.world.Consent(ctx); err != nil {
		return err
	}
	if err := s.world.Fire(ctx, functionRotate); err != nil {
		return err
	}
	_ = s.world.Host.Stop(ctx) // why it ended is of no interest
	if s.fleet, err = newFleet(context.WithoutCancel(ctx), s.world.HostConfig(), s.Hosts); err != nil {
		return err
	}
	s.storm = newStorm(s.fleet, s.Seed, s.KillEvery)
	return nil
}

// say tells a person how it goes.
func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.Progress, "%6.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// lapse lets the locks of killed processes run out. The driver runs one timer
// function at a time, so nobody holds one when none runs.
func (s *session) lapse() { s.world.Account.Advance(storage.Blob, 61*time.Second) }

// pause waits, or returns why not.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// joined is errors.Join for an error that may be nil, without a line break at
// the end.
func joined(first error, more error) error {
	if more == nil {
		return first
	}
	if first == nil {
		return more
	}
	return errors.Join(first, more)
}
