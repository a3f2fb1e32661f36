package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{env: os.Environ(), out: os.Stdout, err: os.Stderr}))
}

// run is the program without its surroundings; it returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	command := newCommand(s)
	command.SetArgs(doubleDashes(args))
	if err := command.ExecuteContext(ctx); err != nil {
		_, _ = fmt.Fprintln(s.err, "samhost:", err)
		return 1
	}
	return 0
}
