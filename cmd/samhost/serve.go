package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/funchost/script"
)

// environment is the host's environment with local settings below it.
func (o options) environment(env []string) ([]string, error) {
	path := o.settings
	if path == "" {
		return script.WithLocalSettings(env, filepath.Join(o.root, "local.settings.json"))
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("local settings: %w", err)
	}
	return script.WithLocalSettings(env, path)
}

// config turns flags into the host's configuration.
func (o options) config(env []string, s streams) (funchost.Config, error) {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	cfg := funchost.Config{
		ScriptRoot: o.root, Env: env, HTTPAddr: net.JoinHostPort(o.address, strconv.Itoa(o.port)), KeyCheck: o.auth,
		Terminate: o.terminate, HandlerOutput: s.out,
		Log: slog.New(quiet{slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: level})}),
	}
	if o.https {
		if o.cert == "" || o.key == "" {
			return cfg, errors.New("--https needs --cert and --key")
		}
		cfg.TLSCert, cfg.TLSKey = o.cert, o.key
	}
	if !o.auth {
		return cfg, nil
	}
	if o.keys == "" {
		return cfg, errors.New("--enable-auth needs --keys")
	}
	raw, err := os.ReadFile(o.keys)
	if err != nil {
		return cfg, fmt.Errorf("keys: %w", err)
	}
	if err := json.Unmarshal(raw, &cfg.Keys); err != nil {
		return cfg, fmt.Errorf("keys %s: not the JSON that samhost --help describes", o.keys)
	}
	return cfg, nil
}

// serve runs the host until the context ends or the host gives up.
func serve(ctx context.Context, o options, env []string, s streams) error {
	cfg, err := o.config(env, s)
	if err != nil {
		return err
	}
	host, err := funchost.New(cfg)
	if err != nil {
		return err
	}
	if err := host.Start(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(s.err, "samhost listens on %s\n", host.URL())
	for _, row := range rows(host.App()) {
		_, _ = fmt.Fprintf(s.err, "  %-24s %-6s %s\n", row.Name, row.Trigger, row.target(host.URL()))
	}
	select {
	case <-ctx.Done():
	case <-host.Done():
	}
	return host.Stop(context.WithoutCancel(ctx))
}

// quiet drops the handler's console lines, which go to standard output anyway.
type quiet struct{ slog.Handler }

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "category" && a.Value.String() == "Host.Function.Console" {
			return slog.DiscardHandler
		}
	}
	return quiet{q.Handler.WithAttrs(attrs)}
}

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
