// Command sampeer measures samkeeper's handler beside a plain Node program that
// does the same sweep, and prints both side by side with the goals. See
// bench/README.md.
//
// Exit status: 0 when the comparison was made, whatever it shows (with --judge:
// 1 when a goal is missed); 1 when something broke.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/bench/peer"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "sampeer: %v\n", err)
		stop()
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var opts peer.Options
	var output string
	var judge bool
	cmd := &cobra.Command{
		Use: "sampeer", Short: "Measure samkeeper beside its peer in Node", Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Progress = cmd.ErrOrStderr()
			return compare(cmd.Context(), opts, output, judge, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.ScriptRoot, "script-root", "dist", "folder with host.json, handler and the functions")
	flags.StringVar(&opts.PeerDir, "peer", "bench/peer-node", "folder of the peer")
	flags.StringVar(&opts.WorkDir, "out", "build/bench-peer", "folder for logs")
	flags.IntVar(&opts.Customers, "customers", 400, "customers of the simulated partner")
	flags.Uint64Var(&opts.Seed, "seed", 1, "same seed, same customers")
	flags.IntVar(&opts.Rounds, "rounds", 2, "rounds of each side, taking turns")
	flags.IntVar(&opts.Starts, "starts", 10, "starts of each side")
	flags.DurationVar(&opts.Latency, "latency", 20*time.Millisecond, "before every answer of the simulated cloud")
	flags.StringArrayVar(&opts.Settings, "set", nil, "NAME=value for both handlers; may be repeated")
	flags.StringVar(&opts.Only, "only", "", "play one side alone: samkeeper or node; prints the rounds and compares nothing")
	flags.StringVar(&output, "output", "table", "table or json")
	flags.BoolVar(&judge, "judge", false, "exit with 1 when a goal is missed")
	cmd.AddCommand(&cobra.Command{
		Use: "install", Short: "Install the peer's packages, so that a later run need not", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return azurite.InstallIn(cmd.Context(), opts.PeerDir, cmd.OutOrStdout())
		},
	})
	return cmd
}

func compare(ctx context.Context, opts peer.Options, output string, judge bool, out io.Writer) error {
	if output != "table" && output != "json" {
		return fmt.Errorf("output %q: want table or json", output)
	}
	report, err := peer.Run(ctx, opts)
	if err != nil {
		return err
	}
	if opts.Only != "" {
		return nil
	}
	if output == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = report.Print(out)
	}
	if missed := report.Missed(); err == nil && judge && len(missed) > 0 {
		return fmt.Errorf("%d goals missed, first: %s", len(missed), missed[0].What)
	}
	return err
}
