package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// start runs samsim until the returned stop is called; line is its first line.
func start(t *testing.T, args ...string) (line string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		done <- run(ctx, args, strings.NewReader(""), in, &stderr)
		_ = in.Close()
	}()
	reader := bufio.NewReader(out)
	line, err := reader.ReadString('\n')
	if err != nil {
		t.Fatalf("no output: %v, code %d, %s", err, <-done, stderr.String())
	}
	drained := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, reader); close(drained) }()
	return line, func() int { cancel(); code := <-done; <-drained; return code }
}

func TestJSONLineAndFiles(t *testing.T) {
	dir := t.TempDir()
	caFile, envFile := filepath.Join(dir, "new", "ca.pem"), filepath.Join(dir, "env")
	if err := os.WriteFile(envFile, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	line, stop := start(t, "--port-base", "0", "--output", "json", "--customers", "2", "--ca-file", caFile, "--env-file", envFile)
	var got struct {
		Listening, Env map[string]string
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	for _, host := range []string{"login", "vault", "partnercenter", "graph", "arm"} {
		if !strings.HasPrefix(got.Listening[host], "https://127.0.0.1:") {
			t.Errorf("%s listens at %q", host, got.Listening[host])
		}
	}
	if got.Env["SAMKEEPER_CA_FILE"] != caFile {
		t.Errorf("CA file = %q", got.Env["SAMKEEPER_CA_FILE"])
	}
	info, err := os.Stat(envFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("env file: %v, %v", info, err)
	}
	text, err := os.ReadFile(envFile)
	if err != nil || !strings.Contains(string(text), "SAMKEEPER_VAULT_URL='"+got.Listening["vault"]+"'\n") {
		t.Errorf("env file: %v\n%s", err, text)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestText(t *testing.T) {
	dir := t.TempDir()
	line, stop := start(t, "--port-base", "0", "--customers", "1", "--ca-file", filepath.Join(dir, "ca.pem"), "--env-file", "")
	if !strings.Contains(line, "Simulated public cloud, 1 customers") {
		t.Errorf("first line = %q", line)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestStopsWhenStandardInputCloses(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	code := run(t.Context(), []string{"--until-eof", "--port-base", "0", "--customers", "0", "--ca-file", filepath.Join(dir, "ca.pem"), "--env-file", filepath.Join(dir, "env")}, strings.NewReader(""), &out, io.Discard)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestExitCodes(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	for name, row := range map[string]struct {
		args []string
		want int
	}{
		"unknown flag":       {[]string{"--nonsense"}, 2},
		"argument":           {[]string{"extra"}, 2},
		"output":             {[]string{"--output", "xml"}, 2},
		"unknown cloud":      {[]string{"--cloud", "mars", "--port-base", "0", "--ca-file", ca}, 1},
		"too many customers": {[]string{"--customers", "10001", "--port-base", "0", "--ca-file", ca}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			if got := run(t.Context(), row.args, strings.NewReader(""), io.Discard, &stderr); got != row.want {
				t.Errorf("exit code %d, want %d: %s", got, row.want, stderr.String())
			}
			if !strings.HasPrefix(stderr.String(), "samsim: ") {
				t.Errorf("stderr = %q", stderr.String())
			}
		})
	}
}
