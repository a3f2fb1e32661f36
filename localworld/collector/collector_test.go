package collector_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	collected "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/samkeeper/samkeeper/localworld/collector"
)

// batch is one span as the wire carries it.
func batch(t *testing.T) []byte {
	t.Helper()
	attribute := func(key string, value *common.AnyValue) *common.KeyValue {
		return &common.KeyValue{Key: key, Value: value}
	}
	raw, err := proto.Marshal(&collected.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{ScopeSpans: []*trace.ScopeSpans{{Spans: []*trace.Span{{
		Name: "GET /x", Kind: trace.Span_SPAN_KIND_CLIENT, TraceId: []byte{1, 2}, Status: &trace.Status{Code: trace.Status_STATUS_CODE_ERROR},
		Attributes: []*common.KeyValue{
			attribute("s", &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: "text"}}),
			attribute("i", &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: 7}}),
			attribute("b", &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: true}}),
		},
	}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func zipped(t *testing.T, raw []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCollector(t *testing.T) {
	t.Parallel()
	c, err := collector.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	for _, row := range []struct {
		name, encoding, path string
		body                 []byte
		status, spans        int
	}{
		{"plain", "", "/v1/traces", batch(t), 200, 1},
		{"gzipped", "gzip", "/v1/traces", zipped(t, batch(t)), 200, 2},
		{"no batch", "", "/v1/traces", []byte("canary, not protobuf"), 400, 2},
		{"not gzipped", "gzip", "/v1/traces", batch(t), 400, 2},
		{"metrics", "", "/v1/metrics", batch(t), 404, 2},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+row.path, bytes.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Encoding", row.encoding)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != row.status || len(c.Spans()) != row.spans {
			t.Errorf("%s: HTTP %d, %d spans; want %d and %d", row.name, res.StatusCode, len(c.Spans()), row.status, row.spans)
		}
	}
	got := c.Spans()[1]
	if got.Name != "GET /x" || !got.Client || !got.Failed || got.Trace != "0102" || got.Parent != "" ||
		got.Attributes["s"] != "text" || got.Attributes["i"] != "7" || got.Attributes["b"] != "true" {
		t.Errorf("span: %+v", got)
	}
	if raw := string(c.Bytes()); !strings.Contains(raw, "canary") || strings.Count(raw, "GET /x") != 4 {
		t.Error("bytes were dropped: a hunt would be blind to them")
	}
}
