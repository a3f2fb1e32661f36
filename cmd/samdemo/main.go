// Command samdemo plays samkeeper's main job on one machine: it starts the
// simulated Microsoft cloud, Azurite and the stand-in Functions host over a
// staged script root, signs in, rotates, sweeps, compares what was found with
// what the simulated world holds, hunts for leaked tokens, and stops.
//
// Exit status: 0 when everything expected was accounted for, nothing else
// found and nothing leaked; 1 otherwise, with the reasons.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\nsamdemo: %v\n", err)
		stop()
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var opts localworld.DemoOptions
	var keep bool
	cmd := &cobra.Command{
		Use:           "samdemo",
		Short:         "Play the main job on this machine",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Out, opts.Live, opts.Install = cmd.OutOrStdout(), isTerminal(os.Stdout), os.Stdout
			opts.Hold = farewell(cmd.OutOrStdout(), keep)
			report, err := localworld.Demo(cmd.Context(), opts)
			if err != nil {
				return err
			}
			fmt.Fprintf(opts.Out, "\nAll accounted for in %.1f s; handler peak %.0f MiB. Report: %s/report.json\n", report.DurationS, report.HandlerPeakRSSMB, opts.OutDir)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&opts.Customers, "customers", 50, "customers of the simulated partner, 1 to 10000")
	flags.Uint64Var(&opts.Seed, "seed", 1, "same seed, same customers")
	flags.StringVar(&opts.ScriptRoot, "script-root", "dist", "folder with host.json, handler and the functions")
	flags.StringVar(&opts.OutDir, "out", "build/demo", "folder for report.json and the logs")
	flags.BoolVar(&keep, "keep", false, "leave everything running until interrupted")
	cmd.AddCommand(&cobra.Command{
		Use:   "install",
		Short: "Install the storage emulator, so that a later run need not",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return azurite.Install(cmd.Context(), cmd.OutOrStdout())
		},
	})
	return cmd
}

// farewell prints the status page's address and, with keep, waits.
func farewell(out io.Writer, keep bool) func(context.Context, *localworld.World) error {
	return func(ctx context.Context, w *localworld.World) error {
		fmt.Fprintf(out, "\nStatus page: %s\n", w.StatusURL())
		if !keep {
			fmt.Fprintln(out, "  (stopped now; KEEP=1 leaves it running)")
			return nil
		}
		fmt.Fprintf(out, "Consent:     %s/api/consent\nControl:     %s/sim/info\nPress Ctrl-C to stop everything.\n", w.AppURL(), w.Sim.ControlURL)
		<-ctx.Done()
		return nil
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
