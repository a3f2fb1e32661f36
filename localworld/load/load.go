package load

import (
	"context"
	"fmt"
	"time"
)

// sayEvery is how often a person hears how a round is getting on.
const sayEvery = 10 * time.Second

// Run plays all rounds, one after the other. The report holds what was measured
// up to an error.
func Run(ctx context.Context, opts Options) (*Report, error) {
	report := &Report{Latency: opts.Latency.String(), Storage: "simulated", Limits: opts.Limits}
	if opts.Emulator {
		report.Storage = "Azurite"
	}
	if err := opts.check(); err != nil {
		return report, err
	}
	for _, plan := range opts.Plans {
		name := fmt.Sprintf("%d customers on %d instances", plan.Customers, plan.Instances)
		fmt.Fprintf(opts.Progress, "%s …\n", name)
		sweep, err := play(ctx, opts, plan, teller(opts, name))
		if err != nil {
			return report, err
		}
		report.Sweeps = append(report.Sweeps, sweep)
	}
	if opts.Enqueues > 0 {
		fmt.Fprintf(opts.Progress, "%d enqueues …\n", opts.Enqueues)
		c, err := contest(ctx, opts.Enqueues, opts.Ours, teller(opts, "contest"))
		if err != nil {
			return report, err
		}
		report.Enqueues = &c
	}
	return report, nil
}

// teller prints every now and then.
func teller(opts Options, name string) func(string, ...any) {
	last := time.Now()
	return func(format string, args ...any) {
		if time.Since(last) < sayEvery {
			return
		}
		last = time.Now()
		fmt.Fprintf(opts.Progress, "  %s: %s\n", name, fmt.Sprintf(format, args...))
	}
}
