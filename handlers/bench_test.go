package handlers_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/hostwire"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// The budget: an envelope in, {} out, costs at most 1.3 times the CPU of a bare
// server that decodes and encodes the same body. Run both in one go:
//
//	go test ./handlers -run '^$' -bench 'Envelope|Bare' -cpu 1

func envelopeOf(message string) []byte {
	return []byte(`{"Data":{"message":"` + base64.StdEncoding.EncodeToString([]byte(message)) + `"},` +
		`"Metadata":{"DequeueCount":"1","ExpirationTime":"2026-11-28T10:00:00+00:00","Id":"\"6f1c0c5e-8f0c-4a63-9f63-1d9b6a0f7a10\"",` +
		`"InsertionTime":"2026-11-21T10:00:00+00:00","NextVisibleTime":"2026-11-21T10:10:00+00:00","PopReceipt":"\"AgAAAAMAAAAAAAAAAgtnj8x\"",` +
		`"sys":{"MethodName":"RunCustomerJob","UtcNow":"2026-11-21T10:00:01.1Z","RandGuid":"24ad4c06-24ad-4e5b-8294-3da9714877e9"}}}`)
}

const jobMessage = `{"v":1,"run":"20261121T213000Z-4f2a","customer":"aaaaaaaa-0000-4000-8000-000000000001","connection":"11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333","tasks":["subscriptions","health","alerts","directory"],"try":1}`

func BenchmarkEnvelope(b *testing.B) {
	h := open(b, func(r *handlers.Rooms) { r.Log = telemetry.New(io.Discard, slog.LevelInfo) })
	post(b, h)
}

func BenchmarkBareEcho(b *testing.B) {
	post(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}))
}

// post sends the same chunked body over a kept connection, as the host does.
func post(b *testing.B, handler http.Handler) {
	b.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	body := envelopeOf(jobMessage)
	b.ReportAllocs()
	began := cpuTime(b)
	for b.Loop() {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/RunCustomerJob", io.NopCloser(bytes.NewReader(body)))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set(hostwire.InvocationHeader, invocation)
		response, err := server.Client().Do(request)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			b.Fatalf("answer %d", response.StatusCode)
		}
	}
	b.ReportMetric(float64(cpuTime(b)-began)/float64(b.N), "cpu-ns/op")
}

// cpuTime is what the process has used, client included: unlike the clock on
// the wall it does not count what other programs of the machine take.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
