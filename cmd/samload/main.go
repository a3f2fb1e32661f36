// Command samload measures what a sweep costs as the number of customers grows:
// it plays sweeps of several sizes on the local world, over a staged script
// root, prints what one customer costs in each, and lets our sender of job
// messages compete with a plain loop.
//
// Exit status: 0 when the sums are exact and the ratios and the memory within
// their bounds; 1 otherwise, with the reasons. Times are judged on demand only.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/localworld/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\nsamload: %v\n", err)
		stop()
		os.Exit(1)
	}
}

// The sweeps: one small, to compare with; with --full the sizes of the goals.
var (
	some = []load.Plan{{Customers: 100, Instances: 1}, {Customers: 1000, Instances: 1}}
	full = []load.Plan{{Customers: 100, Instances: 1}, {Customers: 1000, Instances: 1}, {Customers: 10_000, Instances: 3}}
)

const (
	someEnqueues = 10_000
	fullEnqueues = 50_000
)

// flags are the command line's, as far as they are not load's own options.
type flags struct {
	full, times          bool
	customers, instances int
	enqueues             int
	storage, output      string
	settings             []string
}

func command() *cobra.Command {
	var opts load.Options
	var f flags
	cmd := &cobra.Command{
		Use:           "samload",
		Short:         "Measure what a customer costs among few and among many",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.apply(&opts); err != nil {
				return err
			}
			opts.Ours, opts.Progress, opts.Install = openRun, cmd.ErrOrStderr(), os.Stderr
			report, err := load.Run(cmd.Context(), opts)
			return errors.Join(err, show(cmd.OutOrStdout(), report, f.output), verdict(report, f.times, err))
		},
	}
	set := cmd.Flags()
	set.BoolVar(&f.full, "full", false, "10,000 customers on three instances and 50,000 enqueues, too")
	set.IntVar(&f.customers, "customers", 0, "one sweep of this size, beside the one it is compared with")
	set.IntVar(&f.instances, "instances", 1, "instances for --customers")
	set.IntVar(&f.enqueues, "enqueues", -1, "messages of each sender; 0 for no contest, -1 for 10,000 (50,000 with --full)")
	set.StringVar(&f.storage, "storage", "sim", "sim, or azurite, which is slow with more than a few hundred customers")
	set.BoolVar(&f.times, "judge-times", false, "judge times, too: 3 minutes for 1,000 customers, 15 for 10,000")
	set.BoolVar(&opts.Limits, "limits", false, "the simulated cloud enforces the published limits")
	set.StringVar(&f.output, "output", "table", "table or json")
	set.StringArrayVar(&f.settings, "set", nil, "NAME=value for the handlers; may be repeated")
	set.DurationVar(&opts.Latency, "latency", 150*time.Millisecond, "before every answer of the simulated cloud")
	set.Uint64Var(&opts.Seed, "seed", 1, "same seed, same customers")
	set.StringVar(&opts.ScriptRoot, "script-root", "dist", "folder with host.json, handler and the functions")
	set.StringVar(&opts.WorkDir, "out", "build/load", "folder for the logs")
	return cmd
}

// apply turns the flags into options.
func (f flags) apply(opts *load.Options) error {
	if f.storage != "sim" && f.storage != "azurite" {
		return fmt.Errorf("storage %q: want sim or azurite", f.storage)
	}
	if f.output != "table" && f.output != "json" {
		return fmt.Errorf("output %q: want table or json", f.output)
	}
	opts.Emulator = f.storage == "azurite"
	opts.Plans, opts.Enqueues = some, someEnqueues
	if f.full {
		opts.Plans, opts.Enqueues = full, fullEnqueues
	}
	if f.customers > 0 {
		opts.Plans = []load.Plan{some[0], {Customers: f.customers, Instances: f.instances}}
	}
	if f.enqueues >= 0 {
		opts.Enqueues = f.enqueues
	}
	opts.Settings = map[string]string{}
	for _, setting := range f.settings {
		name, value, ok := strings.Cut(setting, "=")
		if !ok {
			return fmt.Errorf("setting %q: want NAME=value", setting)
		}
		opts.Settings[name] = value
	}
	return nil
}

func show(out io.Writer, report *load.Report, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	if len(report.Sweeps) > 0 {
		report.Print(out)
	}
	return nil
}

// verdict is an error that names every goal missed; after another error there
// is none.
func verdict(report *load.Report, times bool, failed error) error {
	missed := report.Verdict()
	if times {
		missed = append(missed, report.Slow()...)
	}
	if failed == nil && len(missed) > 0 {
		return fmt.Errorf("goals missed:\n  %s", strings.Join(missed, "\n  "))
	}
	return nil
}
