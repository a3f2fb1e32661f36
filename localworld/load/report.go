package load

import (
	"fmt"
	"slices"
	"time"
)

// The goals that are judged.
const (
	MaxPeakMiB   = 128 // of any handler
	MaxCostRatio = 1.1 // a customer among many, to one among few
	MinEnqueue   = 0.8 // our messages a second to those of a plain loop
)

// Sweep is what one round came to.
type Sweep struct {
	Customers int     `json:"customers"`
	Instances int     `json:"instances"`
	OpenS     float64 `json:"open_s"` // discovery, expected rows, messages
	WallS     float64 `json:"wall_s"` // until the run is closed

	State       string `json:"state"`
	Expected    int    `json:"expected"`
	Done        int    `json:"done"`
	Skipped     int    `json:"skipped"`
	Failed      int    `json:"failed"`
	WantDone    int    `json:"want_done"`    // as the simulated world works it out
	WantSkipped int    `json:"want_skipped"` //

	Jobs              int              `json:"jobs"` // invocations that worked on a message
	FailedInvocations int              `json:"failed_invocations"`
	Messages          int              `json:"messages"` // put on the queue
	Requests          int              `json:"requests"` // to the cloud
	Refused           int              `json:"refused"`  // of them with 429
	StorageOps        int              `json:"storage_operations"`
	StorageByKind     map[string]int64 `json:"storage_by_kind,omitempty"`
	CPUS              float64          `json:"cpu_s"`      // of all handlers
	BilledS           float64          `json:"billed_s"`   // in invocations that worked on a message
	UpstreamS         float64          `json:"upstream_s"` // of latency: requests times latency
	PeakMiB           float64          `json:"peak_mib"`   // the largest handler, the status page included
	Peaks             Peaks            `json:"peaks"`
}

// Peaks is the most memory of any handler, in MiB, up to a point of a round.
type Peaks struct {
	Opened float64 `json:"opened_mib"` // the run is open
	Swept  float64 `json:"swept_mib"`  // its queue is empty
	Closed float64 `json:"closed_mib"` // it is closed
}

// per is a number for each customer.
func (s Sweep) per(total float64) float64 { return total / float64(s.Customers) }

// Contest is how long either side took to put as many messages.
type Contest struct {
	Messages int       `json:"messages"`
	PlainS   float64   `json:"plain_s"`
	OursS    float64   `json:"ours_s"`
	Ratios   []float64 `json:"ratios"` // of each turn: our messages a second to the plain loop's
}

// Ratio is the median turn's.
func (c Contest) Ratio() float64 {
	sorted := slices.Sorted(slices.Values(c.Ratios))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Report is everything that was measured.
type Report struct {
	Latency  string   `json:"latency"`
	Storage  string   `json:"storage"`
	Limits   bool     `json:"published_limits"`
	Sweeps   []Sweep  `json:"sweeps"`
	Enqueues *Contest `json:"enqueues,omitempty"`
}

// Ratio is what a customer costs in one sweep, to what it costs in the first.
type Ratio struct{ Requests, StorageOps, CPU, Memory float64 }

// Ratios compares every sweep after the first with it.
func (r *Report) Ratios() []Ratio {
	var all []Ratio
	for _, s := range r.Sweeps[min(1, len(r.Sweeps)):] {
		first := r.Sweeps[0]
		ratio := func(of func(Sweep) float64) float64 { return s.per(of(s)) / first.per(of(first)) }
		all = append(all, Ratio{
			Requests: ratio(func(s Sweep) float64 { return float64(s.Requests) }),
			CPU:      ratio(func(s Sweep) float64 { return s.CPUS }),
			StorageOps: ratio(func(s Sweep) float64 {
				return float64(max(s.StorageOps, s.Customers)) // unknown with the emulator: 1
			}),
			Memory: s.PeakMiB / first.PeakMiB,
		})
	}
	return all
}

// Slow lists the goals of time that were missed; they are goals of a machine
// that does nothing else.
func (r *Report) Slow() []string {
	var missed []string
	for _, s := range r.Sweeps {
		limit, ok := longest[Plan{s.Customers, s.Instances}]
		if ok && s.WallS > limit.Seconds() {
			missed = append(missed, fmt.Sprintf("%d customers on %d instances took %.0f s, more than %.0f", s.Customers, s.Instances, s.WallS, limit.Seconds()))
		}
	}
	return missed
}

// longest is how long a sweep may take, with answers after 150 ms.
var longest = map[Plan]time.Duration{{1000, 1}: 3 * time.Minute, {10_000, 3}: 15 * time.Minute}

// Verdict lists the goals that were missed, each in a sentence.
func (r *Report) Verdict() []string {
	var missed []string
	miss := func(bad bool, format string, args ...any) {
		if bad {
			missed = append(missed, fmt.Sprintf(format, args...))
		}
	}
	for _, s := range r.Sweeps {
		of := fmt.Sprintf("%d customers", s.Customers)
		miss(s.State != "closed", "%s: the run is %s, not closed", of, s.State)
		miss(s.Done+s.Skipped+s.Failed != s.Expected, "%s: %d done, %d skipped and %d failed are not the %d expected", of, s.Done, s.Skipped, s.Failed, s.Expected)
		miss(s.Failed > 0, "%s: %d outcomes failed", of, s.Failed)
		miss(s.Done != s.WantDone || s.Skipped != s.WantSkipped, "%s: %d done and %d skipped, the world says %d and %d", of, s.Done, s.Skipped, s.WantDone, s.WantSkipped)
		miss(s.FailedInvocations > 0, "%s: %d invocations failed", of, s.FailedInvocations)
		miss(s.PeakMiB > MaxPeakMiB, "%s: a handler used %.0f MiB, more than %d", of, s.PeakMiB, MaxPeakMiB)
	}
	for i, ratio := range r.Ratios() {
		of := fmt.Sprintf("a customer among %d, to one among %d", r.Sweeps[i+1].Customers, r.Sweeps[0].Customers)
		miss(ratio.Requests > MaxCostRatio, "%s: %.2f times the requests", of, ratio.Requests)
		miss(ratio.StorageOps > MaxCostRatio, "%s: %.2f times the storage operations", of, ratio.StorageOps)
		miss(ratio.CPU > MaxCostRatio, "%s: %.2f times the CPU time", of, ratio.CPU)
	}
	if e := r.Enqueues; e != nil {
		miss(e.Ratio() < MinEnqueue, "enqueues: %.2f of a plain loop's rate, less than %.1f", e.Ratio(), MinEnqueue)
	}
	return missed
}
