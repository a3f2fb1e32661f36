package load

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/sim/faults"
)

// The queue of jobs and the function that works on it.
const (
	jobsQueue = "customer-jobs"
	jobsDoer  = "RunCustomerJob"
)

// watchEvery is how often a round looks whether the queue is empty.
const watchEvery = 500 * time.Millisecond

// round is one sweep being measured.
type round struct {
	opts  Options
	plan  Plan
	world *localworld.World
	queue *azqueue.QueueClient

	jobs    atomic.Int64 // finished invocations of jobsDoer
	broken  atomic.Int64 // those that failed
	billed  atomic.Int64 // nanoseconds in them
	watched int64        // our own requests to the storage
	peaks   Peaks
}

// play brings a world up, sweeps once and measures it.
func play(ctx context.Context, opts Options, plan Plan, say func(string, ...any)) (Sweep, error) {
	r := &round{opts: opts, plan: plan}
	settings := map[string]string{"SAMKEEPER_TASKS": Tasks}
	for name, value := range opts.Settings {
		settings[name] = value
	}
	var err error
	r.world, err = localworld.Start(ctx, localworld.Options{
		ScriptRoot: opts.ScriptRoot, Customers: plan.Customers, Seed: opts.Seed, Settings: settings,
		LogDir:    filepath.Join(opts.WorkDir, fmt.Sprintf("%d-customers", plan.Customers)),
		Simulated: !opts.Emulator, Instances: plan.Instances, Observe: r.observe, Install: opts.Install,
	})
	if err != nil {
		return Sweep{}, fmt.Errorf("starting the local world: %w", err)
	}
	defer r.world.Stop()
	sweep, err := r.measure(ctx, say)
	if err != nil {
		return sweep, fmt.Errorf("%d customers on %d instances: %w\n%s", plan.Customers, plan.Instances, err, r.world.LastWords())
	}
	return sweep, nil
}

// observe is told of every invocation, from many goroutines.
func (r *round) observe(i funchost.Invocation) {
	if i.Function != jobsDoer {
		return
	}
	r.jobs.Add(1)
	r.billed.Add(int64(i.Duration))
	if i.Err != nil {
		r.broken.Add(1)
	}
}

// measure prepares, takes stock, sweeps and takes stock again.
func (r *round) measure(ctx context.Context, say func(string, ...any)) (Sweep, error) {
	if err := r.prepare(ctx); err != nil {
		return Sweep{}, err
	}
	before, err := r.take()
	if err != nil {
		return Sweep{}, err
	}
	began := time.Now()
	if err := r.world.Fire(ctx, "EnqueueCustomers"); err != nil {
		return Sweep{}, err
	}
	opened := time.Since(began)
	r.peaks.Opened = r.world.HandlerPeakRSSMB()
	if err := r.awaitQuiet(ctx, say); err != nil {
		return Sweep{}, err
	}
	r.peaks.Swept = r.world.HandlerPeakRSSMB()
	if err := r.world.Fire(ctx, "SuperviseRuns"); err != nil {
		return Sweep{}, err
	}
	wall := time.Since(began)
	r.peaks.Closed = r.world.HandlerPeakRSSMB()
	after, err := r.take()
	if err != nil {
		return Sweep{}, err
	}
	return r.sum(ctx, before, after, opened, wall)
}

// prepare consents, rotates once and makes the cloud as slow and as strict as
// asked.
func (r *round) prepare(ctx context.Context) error {
	r.world.Sim.Limits.Publish(r.opts.Limits)
	service, err := azqueue.NewServiceClientFromConnectionString(r.world.ConnectionString(), nil)
	if err != nil {
		return fmt.Errorf("opening the queue: %w", err)
	}
	r.queue = service.NewQueueClient(jobsQueue)
	if err := r.world.Consent(ctx); err != nil {
		return err
	}
	if err := r.world.Fire(ctx, "RotateRefreshTokens"); err != nil {
		return err
	}
	for _, host := range []string{"login", "partnercenter", "graph", "arm"} {
		if r.opts.Latency <= 0 {
			break
		}
		if _, err := r.world.Sim.Faults.Set(faults.Fault{Host: host, Kind: faults.Latency, Latency: r.opts.Latency.String()}); err != nil {
			return fmt.Errorf("slowing %s down: %w", host, err)
		}
	}
	return nil
}

// awaitQuiet waits until the queue holds nothing, hidden messages included, and
// nothing runs. A sweep that stands still is an error.
func (r *round) awaitQuiet(ctx context.Context, say func(string, ...any)) error {
	const patience = 10 * time.Minute
	began, moved, last := time.Now(), time.Now(), int64(0)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		left, err := r.left(ctx)
		if err != nil {
			return err
		}
		done := r.jobs.Load()
		if left == 0 && r.idle() {
			return nil
		}
		if done != last {
			moved, last = time.Now(), done
		}
		if time.Since(moved) > patience {
			return fmt.Errorf("nothing happened for %v, with %d messages on the queue", patience, left)
		}
		say("%d visits to %d customers, %.1f a second", done, r.plan.Customers, float64(done)/time.Since(began).Seconds())
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the sweep: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// left counts the messages on the queue, hidden ones included.
func (r *round) left(ctx context.Context) (int64, error) {
	r.watched++
	response, err := r.queue.GetProperties(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("looking at the queue: %w", err)
	}
	if response.ApproximateMessagesCount == nil {
		return 0, errors.New("the queue does not count its messages")
	}
	return *response.ApproximateMessagesCount, nil
}

func (r *round) idle() bool {
	for _, host := range r.world.Hosts {
		if host.Stats()[jobsDoer].Running > 0 {
			return false
		}
	}
	return true
}
