package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	// headerTimeout is for the request line and headers; bodies have their own
	// clock in package handlers, since the work after them takes minutes.
	headerTimeout = 10 * time.Second
	// idleTimeout is well above what the host keeps connections for.
	idleTimeout = 5 * time.Minute
	// shutdownTimeout is what a platform grants between SIGTERM and SIGKILL,
	// less a little.
	shutdownTimeout = 8 * time.Second
	maxHeaderBytes  = 128 << 10
)

// serve listens and answers until ctx ends, a signal comes or the listener
// breaks. An open port tells the host that we are ready, so it is opened last.
func serve(ctx context.Context, port int, handler http.Handler, log *slog.Logger, signals <-chan os.Signal) error {
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("listen where the host expects us: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	broken := make(chan error, 1)
	go func() { broken <- server.Serve(listener) }()
	log.InfoContext(ctx, "ready", slog.String("address", listener.Addr().String()))

	var reason error
	select {
	case err := <-broken:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		reason = context.Cause(ctx)
	case s := <-signals:
		number, _ := s.(syscall.Signal)
		reason = &stoppedError{number}
	}
	log.InfoContext(ctx, "stopping", slog.String("reason", reason.Error()))
	return errors.Join(reason, settle(ctx, server, broken))
}

// settle lets what is under way come to rest, and ends it when that takes too
// long: every step of the rooms is safe to be cut off.
func settle(ctx context.Context, server *http.Server, broken <-chan error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("stop serving: %w", err), server.Close())
	}
	if ended := <-broken; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
