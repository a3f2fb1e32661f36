package main

import (
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// streams are the surroundings of the program.
type streams struct {
	env      []string
	out, err io.Writer
}

// options are the flags.
type options struct {
	root, settings, output, keys string
	address, cert, key           string
	port                         int
	check, auth, https, verbose  bool
	terminate                    time.Duration
}

// doubleDashes lets long flags be written with one dash, as in -check.
func doubleDashes(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && len(arg) > 2 {
			arg = "-" + arg
		}
		out[i] = arg
	}
	return out
}

func newCommand(s streams) *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:           "samhost [--check] [script root]",
		Short:         "Play the Azure Functions host on loopback over a staged script root",
		Args:          cobra.MaximumNArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.root = args[0]
			}
			env, err := o.environment(s.env)
			if err != nil {
				return err
			}
			if o.check {
				return check(s.out, o.root, env, o.output)
			}
			return serve(command.Context(), o, env, s)
		},
	}
	command.SetOut(s.out)
	command.SetErr(s.err)
	flags := command.Flags()
	flags.StringVar(&o.root, "script-root", "dist", "folder with host.json, handler and <Name>/function.json")
	flags.BoolVar(&o.check, "check", false, "list the functions and exit; fails on an empty list or an invalid function")
	flags.StringVar(&o.output, "output", "table", "form of the list: table or json")
	flags.StringVar(&o.settings, "settings", "", "local.settings.json whose Values become environment variables (default: the one beside the script root's host.json)")
	flags.StringVar(&o.address, "address", "127.0.0.1", "loopback address to listen on")
	flags.IntVar(&o.port, "port", 7071, "port to listen on; 0 is a free one")
	flags.BoolVar(&o.auth, "enable-auth", false, "check function keys (see --keys)")
	flags.StringVar(&o.keys, "keys", "", "JSON file with the keys for --enable-auth")
	flags.BoolVar(&o.https, "https", false, "speak https (needs --cert and --key)")
	flags.StringVar(&o.cert, "cert", "", "PEM certificate for --https")
	flags.StringVar(&o.key, "key", "", "PEM private key for --https")
	flags.BoolVar(&o.verbose, "verbose", false, "log the host's own details")
	flags.DurationVar(&o.terminate, "terminate", 0, "not faithful: send SIGTERM this long before the kill")
	return command
}
