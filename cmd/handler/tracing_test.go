package main_test

import (
	"encoding/json"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/localworld/collector"
)

// TestSpansAreDeliveredAtTheEnd: what waits for the next batch goes out when
// the platform stops the program.
func TestSpansAreDeliveredAtTheEnd(t *testing.T) {
	t.Parallel()
	c, err := collector.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	env := elsewhere(t)
	env["OTEL_EXPORTER_OTLP_ENDPOINT"], env["OTEL_BSP_SCHEDULE_DELAY"], env["OTEL_EXPORTER_OTLP_COMPRESSION"] = c.URL, "600000", "gzip"
	r := start(t, env)
	res, err := http.Get(r.URL + "/api/health")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if n := len(c.Spans()); n > 0 {
		t.Fatalf("%d spans came before the end, so nothing is shown", n)
	}
	if code := r.stop(t, syscall.SIGTERM); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d", code)
	}
	var invocations, requests int
	for _, s := range c.Spans() {
		switch {
		case s.Client:
			requests++
		case s.Name == "Health" && !s.Failed:
			invocations++
		}
	}
	if invocations != 1 || requests == 0 {
		t.Errorf("%d invocations and %d requests were delivered: %+v", invocations, requests, c.Spans())
	}
}

// TestDeadCollectors: a collector that is away or silent neither delays the end
// by more than its share nor writes to standard error, which the host shows as
// errors.
func TestDeadCollectors(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp4", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, address := range map[string]string{"away": "127.0.0.1:" + freePort(t), "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := elsewhere(t)
			env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://" + address
			r := start(t, env)
			res, err := http.Get(r.URL + "/api/health")
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			began := time.Now()
			code := r.stop(t, syscall.SIGTERM)
			if took := time.Since(began); code != 128+int(syscall.SIGTERM) || took > 8*time.Second {
				t.Errorf("exit code %d after %v", code, took)
			}
			if r.stderr.String() != "" {
				t.Errorf("standard error: %s", &r.stderr)
			}
			for line := range r.lines {
				if !json.Valid([]byte(line)) {
					t.Errorf("standard output has a line that is not JSON: %s", line)
				}
			}
		})
	}
}
