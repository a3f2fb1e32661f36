// Package collector is an OpenTelemetry collector that keeps what it is sent:
// OTLP over HTTP on loopback, every byte for a hunt, every span for a test.
//
// It takes protobuf bodies, plain or gzipped, at /v1/traces, and answers as the
// protocol says: 200 with an empty response, 400 for what is no batch of spans.
// Source: OTLP specification 1.x, as of 2026-11.
package collector

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	collected "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// tracesPath is where traces are sent; metrics and logs are not taken.
const tracesPath = "/v1/traces"

var errNotTraces = errors.New("not traces")

// maxBatch is the most one request may hold, unpacked.
const maxBatch = 64 << 20

// Collector is a running collector; it is safe for concurrent use.
type Collector struct {
	URL string // base URL, for OTEL_EXPORTER_OTLP_ENDPOINT

	server  *http.Server
	serving sync.WaitGroup

	mu    sync.Mutex
	raw   bytes.Buffer
	spans []Span
}

// Span is one span in words.
type Span struct {
	Name       string
	Client     bool   // an outgoing request
	Trace      string // hex
	Parent     string // hex, "" for the first of a trace
	Failed     bool
	Attributes map[string]string
}

// Start listens on a free port of 127.0.0.1.
func Start(ctx context.Context) (*Collector, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the collector: %w", err)
	}
	c := &Collector{URL: "http://" + listener.Addr().String()}
	c.server = &http.Server{Handler: http.HandlerFunc(c.take), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	c.serving.Go(func() { _ = c.server.Serve(listener) }) // ends with Stop
	return c, nil
}

// Stop ends it; what was taken can still be read.
func (c *Collector) Stop() {
	_ = c.server.Close() // closing a listener twice is not worth telling
	c.serving.Wait()
}

// Bytes is everything that came: headers and bodies, as sent and unpacked.
func (c *Collector) Bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.raw.Bytes())
}

// Spans are those of all batches so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// take keeps every byte, whatever becomes of the request.
func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	sent, err := bounded(r.Body)
	body := sent
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		body, err = unpacked(sent)
	}
	var batch collected.ExportTraceServiceRequest
	switch {
	case err != nil:
	case r.URL.Path != tracesPath:
		err = errNotTraces
	default:
		err = proto.Unmarshal(body, &batch)
	}
	if err != nil {
		batch.Reset() // half a batch is none
	}
	c.keep(r.Header, sent, body, read(&batch))
	switch {
	case errors.Is(err, errNotTraces):
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.WriteHeader(http.StatusOK) // an empty body is an empty response
	}
}

func (c *Collector) keep(header http.Header, sent, body []byte, spans []Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = header.Write(&c.raw) // a bytes.Buffer does not fail
	_, _ = c.raw.Write(sent)
	if !bytes.Equal(sent, body) {
		_, _ = c.raw.Write(body)
	}
	c.spans = append(c.spans, spans...)
}

func bounded(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, maxBatch+1))
	if err == nil && len(body) > maxBatch {
		err = errors.New("batch too large")
	}
	return body, err
}

func unpacked(sent []byte) ([]byte, error) {
	unzip, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, fmt.Errorf("unpacking a batch: %w", err)
	}
	return bounded(unzip)
}

func read(batch *collected.ExportTraceServiceRequest) []Span {
	var spans []Span
	for _, resource := range batch.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				span := Span{
					Name: s.GetName(), Client: s.GetKind() == trace.Span_SPAN_KIND_CLIENT,
					Trace: fmt.Sprintf("%x", s.GetTraceId()), Parent: fmt.Sprintf("%x", s.GetParentSpanId()),
					Failed: s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR, Attributes: map[string]string{},
				}
				for _, kv := range append(resource.GetResource().GetAttributes(), s.GetAttributes()...) {
					span.Attributes[kv.GetKey()] = text(kv.GetValue())
				}
				spans = append(spans, span)
			}
		}
	}
	return spans
}
