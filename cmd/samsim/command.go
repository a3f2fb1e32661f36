package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/samkeeper/samkeeper/sim"
)

// flags are the command line.
type flags struct {
	portBase  int
	customers int
	seed      uint64
	cloud     string
	caFile    string
	envFile   string
	publicURL string
	output    string
	untilEOF  bool
	limits    bool
}

// usageError marks a mistake on the command line.
type usageError struct{ error }

func isUsage(err error) bool {
	var u usageError
	return errors.As(err, &u)
}

func newCommand(stdin io.Reader) *cobra.Command {
	var f flags
	command := &cobra.Command{
		Use:           "samsim",
		Short:         "Serve a simulated Microsoft cloud on loopback",
		Example:       "  samsim --customers 200 --seed 1\n  samsim --port-base 0 --output json",
		Args:          func(c *cobra.Command, args []string) error { return usage(cobra.NoArgs(c, args)) },
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), f, stdin, c.OutOrStdout())
		},
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	set := command.Flags()
	set.IntVar(&f.portBase, "port-base", 8440, "listen on the seven ports after this one; 0 takes free ports")
	set.IntVar(&f.customers, "customers", 25, "number of customers, 0 to 10000")
	set.Uint64Var(&f.seed, "seed", 1, "the same seed gives the same customers")
	set.StringVar(&f.cloud, "cloud", "public", "public, usgov or china")
	set.StringVar(&f.caFile, "ca-file", filepath.Join("build", "samsim", "ca.pem"), "where to write the CA certificate")
	set.StringVar(&f.envFile, "env-file", filepath.Join("build", "samsim", "env"), "where to write the settings for a handler; empty for nowhere")
	set.StringVar(&f.publicURL, "public-url", "http://localhost:7071", "base URL of the handler, for the redirect URI")
	set.StringVarP(&f.output, "output", "o", "text", "text, or json for one line when ready")
	set.BoolVar(&f.limits, "published-limits", false, "refuse too many requests, as the services publish it")
	set.BoolVar(&f.untilEOF, "until-eof", false, "stop when standard input is closed")
	return command
}

func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// serve starts the simulator, says where it is, and waits.
func serve(ctx context.Context, f flags, stdin io.Reader, stdout io.Writer) error {
	if f.output != "text" && f.output != "json" {
		return usageError{fmt.Errorf("--output must be text or json, not %q", f.output)}
	}
	caFile, err := prepare(f.caFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server, err := sim.Start(ctx, sim.Options{
		Customers: f.customers, Seed: f.seed, Cloud: f.cloud, PortBase: f.portBase, CAFile: caFile,
		PublishedLimits: f.limits,
	})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	defer server.Stop()
	server.World.AddRedirectURI(f.publicURL + "/api/consent/callback")
	env := server.Env()
	env["SAMKEEPER_PUBLIC_URL"] = f.publicURL
	if f.envFile != "" {
		if err := writeEnv(f.envFile, env); err != nil {
			return err
		}
	}
	if err := announce(stdout, f, server, env); err != nil {
		return fmt.Errorf("print where to find it: %w", err)
	}
	if f.untilEOF {
		go func() { // ends with the process at the latest: reads cannot be interrupted
			_, _ = io.Copy(io.Discard, stdin)
			cancel()
		}()
	}
	<-ctx.Done()
	return nil
}

// prepare makes the folder of a file and returns its absolute path, since the
// handler may run elsewhere.
func prepare(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(absolute), 0o700); err != nil {
		return "", fmt.Errorf("make the folder of %s: %w", path, err)
	}
	return absolute, nil
}
