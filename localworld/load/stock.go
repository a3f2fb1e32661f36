package load

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// stock is what has been used up so far.
type stock struct {
	requests map[string]int // answered by the cloud, by host
	refused  int            // of them with 429
	storage  map[string]int64
	watched  int64 // of the storage's requests, ours
	cpu      time.Duration
	jobs     int64
	billed   time.Duration
}

// take counts. Requests to the vault and the managed identity count as the
// others do; they answer without latency.
func (r *round) take() (stock, error) {
	s := stock{requests: map[string]int{}, watched: r.watched, jobs: r.jobs.Load(), billed: time.Duration(r.billed.Load())}
	for _, c := range r.world.Sim.Recorder.Counts() {
		s.requests[c.Host] += c.Count
		if c.Status == http.StatusTooManyRequests {
			s.refused += c.Count
		}
	}
	if r.world.Account != nil {
		s.storage = r.world.Account.Requests()
	}
	for _, host := range r.world.Hosts {
		used, err := cpuTime(host.HandlerPID())
		if err != nil {
			return s, fmt.Errorf("reading what the handler has used: %w", err)
		}
		s.cpu += used
	}
	return s, nil
}

// sum makes a round's result of the two stocks and of what the app says.
func (r *round) sum(ctx context.Context, before, after stock, opened, wall time.Duration) (Sweep, error) {
	s := Sweep{
		Customers: r.plan.Customers, Instances: r.plan.Instances, OpenS: opened.Seconds(), WallS: wall.Seconds(),
		Jobs: int(after.jobs - before.jobs), FailedInvocations: int(r.broken.Load()),
		CPUS: (after.cpu - before.cpu).Seconds(), BilledS: (after.billed - before.billed).Seconds(),
		Refused: after.refused - before.refused, StorageByKind: map[string]int64{},
	}
	for host, n := range after.requests {
		n -= before.requests[host]
		s.Requests += n
		if host != "vault" && host != "identity" {
			s.UpstreamS += float64(n) * r.opts.Latency.Seconds()
		}
	}
	if after.storage != nil {
		for kind, n := range after.storage {
			if n -= before.storage[kind]; n > 0 {
				s.StorageByKind[kind] = n
				s.StorageOps += int(n)
			}
		}
		s.StorageOps -= int(after.watched - before.watched)
		s.Messages = int(s.StorageByKind["queue POST "+jobsQueue+" message"])
	}
	return s, r.ask(ctx, &s)
}

// ask reads the sums from the status page, as an operator would; what that
// costs counts for the memory alone.
func (r *round) ask(ctx context.Context, s *Sweep) error {
	status, err := r.world.Status(ctx)
	if err != nil {
		return err
	}
	run := status.Newest()
	if run == nil {
		return fmt.Errorf("no run was opened")
	}
	s.State, s.Expected, s.Done, s.Skipped, s.Failed = run.State, run.Expected, run.Done, run.Skipped, run.Failed
	want := r.world.Sim.World.Expected(strings.Split(Tasks, ","), false)
	s.WantDone, s.WantSkipped = want.Done, want.Tasks-want.Done
	s.PeakMiB = r.world.HandlerPeakRSSMB()
	s.Peaks = r.peaks
	return nil
}
