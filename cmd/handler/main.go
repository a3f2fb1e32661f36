// Command handler is the custom handler of the function app: the program that
// host.json starts.
//
// It reads its configuration from the environment once (docs/configuration.md),
// puts the rooms together (wiring.go), listens on 127.0.0.1 at the port the
// host gives, and serves until it is told to stop. Services that do not answer
// do not keep it from starting; /api/health and the log say so.
//
// Exit codes, as the host understands them (reference, section 2.4): 1 for a
// fatal fault, all faults on standard error; 128 + signal when told to stop.
// Never 0, after which the host would not start it again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// softMemory is where the garbage collector starts to work harder. A job needs
// little and a sweep of thousands a moment of much: without it, opening a run
// over 10,000 customers or showing their status page would double the memory
// that the program keeps for good. GOMEMLIMIT wins where it is set.
const softMemory = 64 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	err := run(context.Background(), os.Args[1:], os.Getenv, os.Stdout)
	var stopped *stoppedError
	if errors.As(err, &stopped) {
		os.Exit(128 + int(stopped.signal))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(1)
}

// stoppedError says that a signal ended the program in good order.
type stoppedError struct{ signal syscall.Signal }

func (e *stoppedError) Error() string { return "stopped by " + e.signal.String() }

// run is the program. It returns only with an error: a fault, or a
// *stoppedError once everything under way has come to rest. Log lines go to
// stdout, since the host shows standard error as errors.
func run(ctx context.Context, args []string, env func(string) string, stdout io.Writer) error {
	if len(args) > 0 {
		return fmt.Errorf("handler takes no arguments, but was given %q: settings come from the environment", args)
	}
	cfg, err := config.Parse(env)
	if err != nil {
		return fmt.Errorf("samkeeper cannot start, its configuration has faults:\n%w", err)
	}
	log := telemetry.New(stdout, cfg.LogLevel)
	tracing, err := telemetry.NewTracing(ctx, telemetry.TracingConfig{Endpoint: cfg.TracesEndpoint, Version: version(), Log: log})
	if err != nil {
		return fmt.Errorf("samkeeper cannot start: %w", err)
	}
	app, err := wire(cfg, log, tracing, version())
	if err != nil {
		return fmt.Errorf("samkeeper cannot start: %w", err)
	}
	defer app.Close()

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	err = serve(ctx, cfg.Port, app.handler, log, signals)
	if lost := tracing.Close(ctx); lost != nil {
		log.WarnContext(ctx, "stopping", slog.String("error", lost.Error()))
	}
	return err
}

// version is what the build says about itself.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
