package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samkeeper/samkeeper/sim"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/storage"
)

// Shares of what goes wrong.
const (
	wholeHost = 0.06 // of the kills take the whole host
	boldly    = 0.08 // of the kills do not spare a timer function at work
)

// weather is what goes wrong at the storage.
func weather() storage.Faults {
	return storage.Faults{
		Refuse: 0.02, LoseAnswer: 0.01, Slow: 0.03, Latency: 150 * time.Millisecond,
		Messages: map[string]storage.MessageFaults{
			queueJobs:     {Drop: 0.01, Duplicate: 0.03, Delay: 0.05, DelayBy: 5 * time.Second, Redeliver: 0.01},
			queuePoison:   {Duplicate: 0.05, Delay: 0.05, DelayBy: 3 * time.Second},
			queueFindings: {Duplicate: 0.03, Delay: 0.05, DelayBy: 5 * time.Second},
		},
	}
}

// clouds are what goes wrong in the simulated cloud. Refusals for too many
// calls come where a customer is counted by: in the scopes that all customers
// share each would halve the pace for minutes, which this test does not have.
func clouds() []faults.Fault {
	var all []faults.Fault
	for _, host := range []string{"graph", "arm"} {
		all = append(all, faults.Fault{Host: host, Kind: faults.Status, Status: 429, RetryAfter: "1", Percent: 0.7})
	}
	for _, host := range []string{"login", "graph", "arm", "partnercenter"} {
		all = append(all,
			faults.Fault{Host: host, Kind: faults.Latency, Latency: "60ms", Percent: 5},
			faults.Fault{Host: host, Kind: faults.Status, Status: 503, Percent: 0.7},
			faults.Fault{Host: host, Kind: faults.Status, Status: 500, Percent: 0.3},
			faults.Fault{Host: host, Kind: faults.Drop, Percent: 0.3},
			faults.Fault{Host: host, Kind: faults.Lost, Percent: 0.3},
		)
	}
	return append(all, faults.Fault{Host: "vault", Kind: faults.Status, Status: 503, Percent: 1})
}

// storm kills handlers and hosts until it is ended. What it does next is drawn
// from the seed alone.
type storm struct {
	fleet *fleet
	every time.Duration
	dice  *rand.Rand

	spared atomic.Int64
	stop   context.CancelFunc
	done   sync.WaitGroup
}

func newStorm(f *fleet, seed uint64, every time.Duration) *storm {
	return &storm{fleet: f, every: every, dice: rand.New(rand.NewPCG(seed, 0x57042))}
}

// begin lets it loose.
func (s *storm) begin(ctx context.Context) {
	ctx, s.stop = context.WithCancel(ctx)
	s.done.Go(func() { s.rage(ctx) })
}

// end calms it down and waits.
func (s *storm) end() {
	s.stop()
	s.done.Wait()
}

func (s *storm) rage(ctx context.Context) {
	for {
		pause := time.Duration((0.5 + s.dice.Float64()) * float64(s.every))
		victim, whole, bold := s.dice.IntN(len(s.fleet.slots)), s.dice.Float64() < wholeHost, s.dice.Float64() < boldly
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		switch {
		case s.fleet.busy(victim) != "" && !bold:
			s.spared.Add(1)
		case whole:
			s.fleet.crash(victim)
		default:
			s.fleet.kill(victim)
		}
	}
}

// setWeather turns the faults of storage and cloud on or off.
func setWeather(on bool, account *storage.Server, cloud *sim.Server) error {
	cloud.Faults.Clear()
	if !on {
		account.SetFaults(storage.Faults{})
		return nil
	}
	account.SetFaults(weather())
	for _, f := range clouds() {
		if _, err := cloud.Faults.Set(f); err != nil {
			return fmt.Errorf("setting a fault: %w", err)
		}
	}
	return nil
}
