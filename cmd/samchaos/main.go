// Command samchaos is the kill test: sweeps over thousands of customers while
// handlers are killed, hosts are lost, messages vanish, double and come late,
// and storage and cloud misbehave; then it looks whether every promise was kept.
//
// Exit status: 0 when the sums are exact, every finding was opened and closed
// once, no result is older than a newer one, and nothing was given up that
// could succeed; 1 otherwise, with what differs.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/localworld/chaos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\nsamchaos: %v\n", err)
		stop()
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var opts chaos.Options
	var output string
	cmd := &cobra.Command{
		Use:           "samchaos",
		Short:         "Kill handlers in the middle of sweeps and look whether every promise was kept",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output is text or json, not %q", output)
			}
			if !cmd.Flags().Changed("seed") {
				opts.Seed = rand.Uint64N(1_000_000)
			}
			opts.Progress = cmd.ErrOrStderr()
			report, err := chaos.Run(cmd.Context(), opts)
			if output == "json" {
				return errors.Join(err, json.NewEncoder(cmd.OutOrStdout()).Encode(report))
			}
			fmt.Fprintln(cmd.OutOrStdout())
			report.Print(cmd.OutOrStdout())
			if err != nil {
				return fmt.Errorf("%w\nagain with: make chaos SEED=%d CUSTOMERS=%d", err, opts.Seed, opts.Customers)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&opts.Customers, "customers", 2000, "customers of the simulated partner, 1 to 10000")
	flags.Uint64Var(&opts.Seed, "seed", 0, "of everything that is drawn; a new one each time when not given")
	flags.IntVar(&opts.Hosts, "handlers", 3, "handler processes, each under a host of its own")
	flags.IntVar(&opts.Sweeps, "sweeps", 2, "sweeps; the world changes between them")
	flags.DurationVar(&opts.KillEvery, "kill-every", 0, "time between kills on average (default 400ms)")
	flags.DurationVar(&opts.Limit, "limit", 0, "time for everything (default 5m)")
	flags.StringVar(&opts.ScriptRoot, "script-root", "dist", "folder with host.json, handler and the functions")
	flags.StringVar(&opts.OutDir, "out", "build/chaos", "folder for report.json and the logs")
	flags.StringVar(&opts.Plant, "plant", "", "break a promise on purpose, to see it caught: "+strings.Join(chaos.Plants(), ", "))
	flags.StringVar(&output, "output", "text", "text or json")
	return cmd
}
