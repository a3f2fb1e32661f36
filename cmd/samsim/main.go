// Command samsim serves a simulated Microsoft cloud on loopback: sign-in, Key
// Vault, Partner Center, Microsoft Graph, Azure Resource Manager and the
// managed identity of a function app, with a virtual clock and faults by dial.
//
// It runs until it is interrupted, or until its standard input is closed when
// --until-eof is given. Exit codes: 0 after a stop, 1 when it could not start,
// 2 for wrong flags.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	command := newCommand(stdin)
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)
	if err := command.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "samsim:", err)
		if isUsage(err) {
			return 2
		}
		return 1
	}
	return 0
}
