package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/localworld"
)

// scriptRoot is a staged dist/ folder that TestMain builds once.
var scriptRoot string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "samkeeper-e2e-")
	if err == nil {
		err = stage(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "staging the app:", err)
		os.Exit(1)
	}
	scriptRoot = dir
	code := m.Run()
	_ = os.RemoveAll(dir) // a leftover temporary folder fails no test
	os.Exit(code)
}

// stage does what `make dist` does, for this machine.
func stage(dir string) error {
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "handler"), "../cmd/handler")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the handler: %w\n%s", err, out)
	}
	host, err := os.ReadFile("../host.json")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "host.json"), host, 0o600); err != nil {
		return err
	}
	return os.CopyFS(dir, os.DirFS("../functions"))
}

// start brings a world up for one test and stops it afterwards.
func start(t *testing.T, opts localworld.Options) *localworld.World {
	t.Helper()
	if opts.ScriptRoot == "" {
		opts.ScriptRoot = scriptRoot
	}
	opts.LogDir = t.TempDir()
	opts.Install = os.Stderr
	w, err := localworld.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.LastWords())
		}
		w.Stop()
	})
	return w
}

// within bounds a test's waiting.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
