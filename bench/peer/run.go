package peer

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/samkeeper/samkeeper/sim/storage"
)

// Run plays the rounds, the sides taking turns, and then the starts. The error
// says that something broke, never that a goal was missed.
func Run(ctx context.Context, opts Options) (*Report, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	a, err := openArena(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer a.close()
	peers, err := nodeSide(a)
	if err != nil {
		return nil, err
	}
	sides := []side{ourSide(a), peers}
	report := &Report{
		Customers: opts.Customers, Jobs: a.jobs(), Seed: opts.Seed, Latency: opts.Latency.String(),
		Cores: runtime.NumCPU(), Go: runtime.Version(), Node: nodeVersion(ctx),
	}
	for number := 1; number <= opts.Rounds; number++ {
		for _, s := range sides {
			if opts.Only != "" && opts.Only != s.name {
				continue
			}
			round, err := a.play(ctx, s, number)
			if err != nil {
				return nil, err
			}
			report.Rounds = append(report.Rounds, round)
			fmt.Fprintf(opts.Progress, "round %d of %d, %s: %d jobs in %.1f s, %.2f s of CPU (%.0f jobs per CPU-second), peak %.0f MiB\n",
				number, opts.Rounds, s.name, round.Jobs, round.Wall, round.CPU, round.perCPU(), round.PeakRSS)
		}
	}
	if opts.Only != "" {
		return report, nil
	}
	if err := a.measureStarts(ctx, sides, report); err != nil {
		return nil, err
	}
	report.sum()
	return report, nil
}

// measureStarts starts the sides in turns.
func (a *arena) measureStarts(ctx context.Context, sides []side, report *Report) error {
	if a.opts.Starts == 0 {
		return nil
	}
	account, err := storage.Start(ctx, storage.Options{})
	if err != nil {
		return fmt.Errorf("opening a storage for the starts: %w", err)
	}
	defer account.Stop()
	times := make([][]time.Duration, len(sides))
	for range a.opts.Starts {
		for i, s := range sides {
			took, err := a.startTime(ctx, s, account.ConnectionString())
			if err != nil {
				return err
			}
			times[i] = append(times[i], took)
		}
	}
	report.starts = map[string]time.Duration{}
	for i, s := range sides {
		report.starts[s.name] = median(times[i])
		fmt.Fprintf(a.opts.Progress, "%d starts, %s: median %s\n", a.opts.Starts, s.name, report.starts[s.name].Round(100*time.Microsecond))
	}
	return nil
}
