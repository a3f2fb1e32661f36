package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/sim/record"
	"github.com/samkeeper/samkeeper/sim/storage"
)

// The functions both script roots have.
const (
	sweepFunction = "EnqueueCustomers"
	jobFunction   = "RunCustomerJob"
)

// roundTimeout ends a round that makes no progress.
const roundTimeout = 10 * time.Minute

// Round is one sweep of one side. Times are in seconds, memory in MiB.
type Round struct {
	Side     string           `json:"side"`
	Jobs     int              `json:"jobs"`
	Wall     float64          `json:"wall_s"`       // sweep asked for, to the end of the last job
	CPU      float64          `json:"cpu_s"`        // of the whole sweep
	CPUIdle  float64          `json:"cpu_before_s"` // start and preparation, not part of CPU
	CPULate  float64          `json:"cpu_late_s"`   // of the second half of the jobs
	LateJobs int              `json:"late_jobs"`    // how many those are
	PeakRSS  float64          `json:"peak_rss_mib"` // over the whole life of the process
	Requests []record.Count   `json:"requests"`     // what the simulated cloud was asked
	Storage  map[string]int64 `json:"storage"`      // what the storage was asked, the polling of the host included
}

// play plays one round and throws its storage away.
func (a *arena) play(ctx context.Context, s side, number int) (round Round, err error) {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	account, err := storage.Start(ctx, storage.Options{})
	if err != nil {
		return Round{}, fmt.Errorf("opening the round's storage: %w", err)
	}
	defer account.Stop()
	output, err := os.Create(filepath.Join(a.opts.WorkDir, fmt.Sprintf("%s-%d.log", s.name, number)))
	if err != nil {
		return Round{}, err
	}
	defer func() { err = errors.Join(err, output.Close()) }()
	b := &bout{arena: a, side: s, storage: account}
	meter := &meter{half: a.jobs() / 2}
	if err := b.startHost(ctx, output, meter); err != nil {
		return Round{}, err
	}
	defer b.stopHost()
	if round, err = b.sweep(ctx, meter); err != nil {
		return Round{}, fmt.Errorf("round %d of %s (its log is %s): %w", number, s.name, output.Name(), err)
	}
	return round, nil
}

// startHost picks the port first: a handler that is signed in to must know its
// own address.
func (b *bout) startHost(ctx context.Context, output io.Writer, m *meter) (err error) {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	settings := maps.Clone(b.side.settings)
	settings["SAMKEEPER_PUBLIC_URL"] = "http://localhost:" + port
	b.host, err = funchost.New(funchost.Config{
		ScriptRoot: b.side.scriptRoot, Env: b.env(b.storage.ConnectionString(), settings), HTTPAddr: "127.0.0.1:" + port, HandlerOutput: output,
		Log: slog.New(slog.DiscardHandler), Now: quietHour(), Observe: m.observe,
	})
	if err != nil {
		return fmt.Errorf("reading the script root of %s: %w", b.side.name, err)
	}
	m.pid = b.host.HandlerPID
	if err = b.host.Start(ctx); err == nil {
		err = b.host.Ready(ctx)
	}
	if err != nil {
		b.stopHost()
		return fmt.Errorf("starting %s: %w", b.side.name, err)
	}
	return nil
}

func (b *bout) stopHost() {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	_ = b.host.Stop(ctx) // it kills the handler whatever it returns
}

// sweep measures from the moment the sweep is asked for until it is over, and
// then looks at what it left behind.
func (b *bout) sweep(ctx context.Context, m *meter) (Round, error) {
	if err := b.side.prepare(ctx, b); err != nil {
		return Round{}, fmt.Errorf("preparing: %w", err)
	}
	before, asked, stored := m.now(), b.sim.Recorder.Counts(), b.storage.Requests()
	began := time.Now()
	if err := b.host.Invoke(ctx, sweepFunction, ""); err != nil {
		return Round{}, fmt.Errorf("running %s: %w", sweepFunction, err)
	}
	if err := b.host.WaitIdle(ctx); err != nil {
		return Round{}, fmt.Errorf("waiting for the jobs: %w", err)
	}
	if err := b.side.finish(ctx, b); err != nil {
		return Round{}, fmt.Errorf("finishing: %w", err)
	}
	after := m.now()
	round := Round{
		Side: b.side.name, Jobs: m.jobs(), Wall: m.ended().Sub(began).Seconds(),
		CPU: (after - before).Seconds(), CPUIdle: before.Seconds(),
		PeakRSS: float64(b.host.HandlerPeakRSS()) / (1 << 20), Requests: since(asked, b.sim.Recorder.Counts()), Storage: grown(stored, b.storage.Requests()),
	}
	round.CPULate, round.LateJobs = m.late()
	if err := errors.Join(m.err(), b.complete(round)); err != nil {
		return Round{}, err
	}
	return round, b.side.verify(ctx, b)
}

// complete refuses a round in which a job failed or was delivered twice: its
// numbers would not be about one visit for each customer.
func (b *bout) complete(r Round) error {
	stat := b.host.Stats()[jobFunction]
	if want := b.jobs(); stat.Failed > 0 || r.Jobs != want {
		return fmt.Errorf("%d jobs succeeded and %d failed, want %d: the round does not count", r.Jobs, stat.Failed, want)
	}
	return nil
}

// meter watches the jobs of a round end and the handler's CPU time.
type meter struct {
	half int
	pid  func() int

	mu     sync.Mutex
	done   int
	atHalf time.Duration
	atEnd  time.Duration
	last   time.Time
	mishap error
}

func (m *meter) observe(i funchost.Invocation) {
	if i.Function != jobFunction || i.Err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done++
	m.last = time.Now()
	if m.done == m.half {
		m.atHalf = m.read()
	}
	m.atEnd = m.read()
}

// read is the handler's CPU time; the caller holds the lock.
func (m *meter) read() time.Duration {
	used, err := cpuTime(m.pid())
	if err != nil && m.mishap == nil {
		m.mishap = err
	}
	return used
}

func (m *meter) now() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read()
}

func (m *meter) jobs() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.done
}

func (m *meter) ended() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// late is the CPU time of the jobs after the half, in seconds, and their number.
func (m *meter) late() (seconds float64, jobs int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return (m.atEnd - m.atHalf).Seconds(), m.done - m.half
}

func (m *meter) err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mishap
}
