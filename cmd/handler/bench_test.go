package main_test

import (
	"net"
	"os/exec"
	"testing"
	"time"
)

// BenchmarkStart measures the time from starting the process to its first
// answer, with and without tracing, beside a bare Go server in the same run. The budget: at most 5 times
// the bare server, and under 50 ms.
//
//	go test ./cmd/handler -run '^$' -bench Start -benchtime 30x
func BenchmarkStart(b *testing.B) {
	env := pairs(elsewhere(b))
	for name, row := range map[string]struct {
		program string
		env     []string
	}{
		"bare": {"bare", env}, "handler": {"handler", env},
		"traced": {"handler", append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}, env...)},
	} {
		b.Run(name, func(b *testing.B) {
			path := program(b, row.program)
			for b.Loop() {
				b.StopTimer()
				port := freePort(b)
				cmd := exec.Command(path)
				cmd.Env = append(row.env, "FUNCTIONS_CUSTOMHANDLER_PORT="+port)
				b.StartTimer()
				if err := cmd.Start(); err != nil {
					b.Fatal(err)
				}
				firstAnswer(b, "127.0.0.1:"+port)
				b.StopTimer()
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				b.StartTimer()
			}
		})
	}
}

// firstAnswer asks without a client of its own weight, as often as it can.
func firstAnswer(b *testing.B, address string) {
	b.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		conn, err := net.Dial("tcp4", address)
		if err != nil {
			<-time.After(200 * time.Microsecond)
			continue
		}
		_, _ = conn.Write([]byte("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
		n, err := conn.Read(make([]byte, 64))
		_ = conn.Close()
		if err == nil && n > 0 {
			return
		}
	}
	b.Fatal("no answer")
}
