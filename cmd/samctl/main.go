package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// errWrong says that what was looked at is not well; the output has told why.
var errWrong = errors.New("not well")

// run is main without the process around it; it returns the exit code.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) int {
	root := command(env)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return 0
	case errors.Is(err, errWrong):
		return 1
	default:
		fmt.Fprintln(stderr, "samctl:", inPlainWords(err))
		return 2
	}
}

// options are what all commands share.
type options struct {
	env      func(string) string
	output   string // "text", "table" (the same) or "json"
	settings string // local.settings.json to read; "" for none
	url      string
	key      string
	by       string // in whose name something is changed; "" for who is logged in
}

func (o *options) json() bool { return o.output == "json" }

// byFlag is for verbs that change something.
func (o *options) byFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.by, "by", "", "in whose name, for the audit trail (default: who is logged in here)")
}

func command(env func(string) string) *cobra.Command {
	o := &options{env: env}
	root := &cobra.Command{
		Use:   "samctl",
		Short: "Look after samkeeper",
		Long:  "samctl checks settings, asks a running samkeeper how it is, and works on its record: runs, given-up jobs, connections.\nExit codes: 0 all is well, 1 something is wrong, 2 the command could not be carried out.",
		Example: "  samctl check --settings local.settings.json\n" +
			"  SAMCTL_URL=https://app.azurewebsites.net SAMCTL_KEY=… samctl status\n" +
			"  samctl jobs list\n  samctl jobs replay --class retry --dry-run",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			switch o.output {
			case "text", "table", "json":
				return nil
			}
			return fmt.Errorf("--output is text or json, not %q", o.output)
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&o.output, "output", "o", "text", "text (also: table) or json")
	flags.StringVar(&o.settings, "settings", "", "local.settings.json to read; the environment wins over it")
	flags.StringVar(&o.url, "url", env("SAMCTL_URL"), "address of the app (SAMCTL_URL)")
	flags.StringVar(&o.key, "key", "", "function key (better: SAMCTL_KEY, which no process list shows)")
	root.AddCommand(checkCommand(o), statusCommand(o), healthCommand(o), runsCommand(o), jobsCommand(o), connectionsCommand(o))
	return root
}
