package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samkeeper/samkeeper/funchost"
)

// fleet keeps some hosts running: one that ends, by itself after three kills of
// its handler or because it was crashed, is replaced by a fresh one.
type fleet struct {
	config  funchost.Config
	tending sync.WaitGroup

	mu       sync.Mutex
	slots    []slot
	stopping bool
	broken   error // a host could not be replaced

	killed, crashed, replaced atomic.Int64
}

// slot is the place of a host. timer is the timer function that runs there.
type slot struct {
	host  *funchost.Host
	timer string
}

func newFleet(ctx context.Context, config funchost.Config, n int) (*fleet, error) {
	f := &fleet{config: config, slots: make([]slot, n)}
	for i := range n {
		host, err := f.launch(ctx)
		if err != nil {
			f.stop(ctx)
			return nil, err
		}
		f.put(i, host)
		f.tending.Go(func() { f.tend(ctx, i) })
	}
	return f, nil
}

func (f *fleet) launch(ctx context.Context) (*funchost.Host, error) {
	host, err := funchost.New(f.config)
	if err != nil {
		return nil, fmt.Errorf("making a host: %w", err)
	}
	if err := host.Start(ctx); err != nil {
		return nil, fmt.Errorf("starting a host: %w", err)
	}
	return host, nil
}

// tend replaces the host of a place whenever it has ended.
func (f *fleet) tend(ctx context.Context, i int) {
	for {
		<-f.host(i).Done()
		f.mu.Lock()
		stopping := f.stopping
		f.mu.Unlock()
		if stopping || ctx.Err() != nil {
			return
		}
		host, err := f.relaunch(ctx)
		if err != nil {
			f.mu.Lock()
			f.broken = errors.Join(f.broken, err)
			f.mu.Unlock()
			return
		}
		f.put(i, host)
		f.replaced.Add(1)
	}
}

// relaunch tries a few times: a host needs its storage to start, and the
// storage has its moods.
func (f *fleet) relaunch(ctx context.Context) (host *funchost.Host, err error) {
	const attempts = 20
	for range attempts {
		if host, err = f.launch(ctx); err == nil || ctx.Err() != nil {
			return host, err
		}
	}
	return nil, err
}

// put sets a place's host, unless everything ends: then the host ends, too.
func (f *fleet) put(i int, host *funchost.Host) {
	f.mu.Lock()
	f.slots[i].host = host
	stopping := f.stopping
	f.mu.Unlock()
	if stopping {
		host.Crash()
	}
}

func (f *fleet) host(i int) *funchost.Host {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[i].host
}

// busy is the timer function that runs at a place, "" for none.
func (f *fleet) busy(i int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[i].timer
}

func (f *fleet) mark(i int, function string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slots[i].timer = function
}

// invoke runs a timer function at a place and waits for its end.
func (f *fleet) invoke(ctx context.Context, i int, function string) error {
	f.mark(i, function)
	defer f.mark(i, "")
	return f.host(i).Invoke(ctx, function, "")
}

// kill ends the handler at a place with SIGKILL; false when none runs.
func (f *fleet) kill(i int) bool {
	pid := f.host(i).HandlerPID()
	if pid == 0 {
		return false
	}
	process, err := os.FindProcess(pid)
	if err != nil || process.Kill() != nil {
		return false
	}
	f.killed.Add(1)
	return true
}

// crash ends the whole host at a place; its messages stay leased.
func (f *fleet) crash(i int) {
	f.host(i).Crash()
	f.crashed.Add(1)
}

// idle waits until no host finds or does anything.
func (f *fleet) idle(ctx context.Context) error {
	for i := range f.slots {
		for f.awaitIdle(ctx, f.host(i)) != nil { // it ended: its successor counts
			if err := joined(context.Cause(ctx), f.health()); err != nil {
				return fmt.Errorf("waiting for host %d to be idle: %w", i, err)
			}
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// awaitIdle waits for one host, which may end meanwhile.
func (f *fleet) awaitIdle(ctx context.Context, host *funchost.Host) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	defer func() { cancel(); <-ended }()
	go func() {
		defer close(ended)
		select {
		case <-host.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	return host.WaitIdle(ctx)
}

// health is why the fleet is not whole, or nil.
func (f *fleet) health() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

// stop ends all hosts and waits.
func (f *fleet) stop(ctx context.Context) {
	f.mu.Lock()
	f.stopping = true
	slots := append([]slot{}, f.slots...)
	f.mu.Unlock()
	var ends sync.WaitGroup
	for _, s := range slots {
		if s.host != nil {
			ends.Go(func() { _ = s.host.Stop(ctx) }) // why it had ended before is of no interest
		}
	}
	ends.Wait()
	f.tending.Wait()
}

// peak is the most memory that a handler of the present hosts has used, in bytes.
func (f *fleet) peak() int64 {
	var most int64
	for i := range f.slots {
		most = max(most, f.host(i).HandlerPeakRSS())
	}
	return most
}
