package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/telemetry"
	"github.com/samkeeper/samkeeper/localworld/collector"
)

const (
	caller      = "00f067aa0ba902b7"
	callerTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	tenant      = "11111111-1111-4111-8111-111111111111"
)

// traced starts a collector and tracing into it.
func traced(t *testing.T) (*collector.Collector, *telemetry.Tracing, *bytes.Buffer) {
	t.Helper()
	c, err := collector.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	var log bytes.Buffer
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{Endpoint: c.URL, Version: "1.2.3", Log: telemetry.New(&log, slog.LevelDebug)})
	if err != nil {
		t.Fatal(err)
	}
	return c, tracing, &log
}

func begin(t *testing.T, tracing *telemetry.Tracing, header http.Header) (context.Context, telemetry.Span) {
	t.Helper()
	ctx := telemetry.WithInvocation(t.Context(), telemetry.Invocation{ID: "0f8e", Function: "RunCustomerJob"})
	return tracing.Begin(ctx, header)
}

func closed(t *testing.T, tracing *telemetry.Tracing) {
	t.Helper()
	if err := tracing.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// byName indexes spans, whose names must differ.
func byName(t *testing.T, spans []collector.Span) map[string]collector.Span {
	t.Helper()
	named := map[string]collector.Span{}
	for _, s := range spans {
		if _, twice := named[s.Name]; twice {
			t.Errorf("two spans %q", s.Name)
		}
		named[s.Name] = s
	}
	return named
}

func TestInvocationSpans(t *testing.T) {
	c, tracing, log := traced(t)
	ctx, span := begin(t, tracing, http.Header{"Traceparent": {"00-" + callerTrace + "-" + caller + "-01"}})
	telemetry.New(log, slog.LevelInfo).InfoContext(ctx, "within")
	span.End(telemetry.Ending{})
	ctx = telemetry.WithInvocation(t.Context(), telemetry.Invocation{ID: strings.Repeat("9", 500), Function: "ConsentCallback"})
	_, span = tracing.Begin(ctx, http.Header{})
	span.End(telemetry.Ending{Failed: true, Status: 503, Class: "retry", Code: refresh})
	closed(t, tracing)

	spans := byName(t, c.Spans())
	job := spans["RunCustomerJob"]
	if job.Trace != callerTrace || job.Parent != caller || job.Failed || job.Client || job.Attributes["faas.invocation_id"] != "0f8e" ||
		job.Attributes["samkeeper.outcome"] != "done" || job.Attributes["service.name"] != "samkeeper" || job.Attributes["service.version"] != "1.2.3" {
		t.Errorf("the job's span: %+v", job)
	}
	if !strings.Contains(log.String(), `"trace_id":"`+callerTrace+`"`) {
		t.Errorf("the log line cannot be found from the trace: %s", log)
	}
	sign := spans["ConsentCallback"]
	if !sign.Failed || sign.Parent != "" || sign.Attributes["samkeeper.outcome"] != "failed" || sign.Attributes["samkeeper.problem_class"] != "retry" ||
		sign.Attributes["http.response.status_code"] != "503" || len(sign.Attributes["faas.invocation_id"]) != 128 {
		t.Errorf("the callback's span: %+v", sign)
	}
	if bytes.Contains(c.Bytes(), []byte(refresh[20:])) {
		t.Error("a token passed for an error code reached the collector")
	}
}

// roundTrip lets a function be a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestOutgoingSpans: everything secret of a request is planted, none of it may
// reach the collector.
func TestOutgoingSpans(t *testing.T) {
	const body, reply = "refresh_token=canary-in-the-body", "canary-in-the-answer"
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" {
			t.Error("the request was changed")
		}
		w.Header().Set("X-Canary", "canary-in-the-answers-header")
		if strings.Contains(r.URL.Path, "token") {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte(reply))
	}))
	defer service.Close()
	c, tracing, _ := traced(t)
	client := &http.Client{Transport: tracing.Transport(http.DefaultTransport)}
	silent := &http.Client{Transport: tracing.Transport(roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("canary-in-the-error")
	}))}
	ctx, span := begin(t, tracing, http.Header{})
	for _, row := range []struct {
		client *http.Client
		url    string
	}{
		{client, service.URL + "/" + tenant + "/oauth2/v2.0/token?code=canary-in-the-query"},
		{client, service.URL + "/v1/customers/" + tenant + "/subscriptions"},
		{silent, service.URL + "/secrets/canary-name/0123456789abcdef0123456789abcdef"},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, row.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer canary-in-the-header")
		if res, err := row.client.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}
	span.End(telemetry.Ending{})
	closed(t, tracing)

	spans := byName(t, c.Spans())
	for name, want := range map[string][2]string{ // status, error type
		"POST /{}/oauth2/v2.0/token":          {"400", "400"},
		"POST /v1/customers/{}/subscriptions": {"200", ""},
		"POST /secrets/{}/{}":                 {"", "no_answer"},
	} {
		got := spans[name]
		if !got.Client || got.Trace != spans["RunCustomerJob"].Trace || got.Attributes["http.response.status_code"] != want[0] ||
			got.Attributes["error.type"] != want[1] || got.Attributes["server.address"] != "127.0.0.1" || got.Failed != (want[1] != "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, planted := range []string{"canary", tenant} {
		if bytes.Contains(c.Bytes(), []byte(planted)) {
			t.Errorf("%q reached the collector", planted)
		}
	}
}

func TestTracingOff(t *testing.T) {
	t.Parallel()
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{})
	if tracing != nil || err != nil {
		t.Fatalf("NewTracing without an endpoint = %v, %v", tracing, err)
	}
	if got := tracing.Transport(http.DefaultTransport); got != http.DefaultTransport {
		t.Error("requests take a detour")
	}
	ctx, span := begin(t, tracing, http.Header{"Traceparent": {"00-" + callerTrace + "-" + caller + "-01"}})
	span.End(telemetry.Ending{})
	if ctx.Err() != nil || tracing.Close(ctx) != nil {
		t.Error("off does not work")
	}
}

// TestDeadCollector: nobody answers, and nothing waits for long.
func TestDeadCollector(t *testing.T) {
	over := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer hanging.Close()
	defer close(over)
	var log bytes.Buffer
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{Endpoint: hanging.URL, Log: telemetry.New(&log, slog.LevelInfo)})
	if err != nil {
		t.Fatal(err)
	}
	_, span := begin(t, tracing, http.Header{})
	span.End(telemetry.Ending{})
	began := time.Now()
	if err := tracing.Close(t.Context()); err == nil {
		t.Error("lost spans are not told")
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("closing took %v", took)
	}
}

func TestPathTemplates(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"":                                  "",
		"/":                                 "/",
		"/" + tenant + "/oauth2/v2.0/token": "/{}/oauth2/v2.0/token",
		"/common/discovery/v2.0/keys":       "/common/discovery/v2.0/keys",
		"/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration":                               "/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration",
		"/secrets/rt-" + tenant + "-" + tenant + "/8f9a":                                               "/secrets/{}/{}",
		"/secrets/production/versions":                                                                 "/secrets/{}/versions",
		"/v1.0/tenantRelationships/delegatedAdminRelationships":                                        "/v1.0/tenantRelationships/delegatedAdminRelationships",
		"/v1.0/applications(appId='" + tenant + "')/addPassword":                                       "/v1.0/applications()/addPassword",
		"/subscriptions/" + tenant + "/resourceGroups/prod/providers/Microsoft.Web/sites/shop":         "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Web/sites/{}",
		"/providers/Microsoft.ResourceGraph/resources":                                                 "/providers/Microsoft.ResourceGraph/resources",
		"/subscriptions/x/providers/Microsoft.Web/sites/shop/providers/Microsoft.ResourceHealth/a/now": "/subscriptions/{}/providers/Microsoft.Web/sites/{}/providers/Microsoft.ResourceHealth/a/{}",
		"/devstoreaccount1/Runs(PartitionKey='runs',RowKey='secret')":                                  "/{}/Runs()",
		"/devstoreaccount1/customer-jobs/messages/0f8e":                                                "/{}/customer-jobs/messages/{}",
		"/results/" + tenant + "/health.json.gz":                                                       "/results/{}/health.json.gz",
		"/" + refresh:                                                                                  "/{}",
		"/" + strings.Repeat("a", 41) + "/a%2Fb":                                                       "/{}/{}",
	} {
		if got := telemetry.PathTemplate(path); got != want {
			t.Errorf("PathTemplate(%q) = %q, want %q", path, got, want)
		}
	}
}

// FuzzPathTemplate: whatever the path, no id and nothing long shows.
func FuzzPathTemplate(f *testing.F) {
	for _, seed := range []string{"/a/b", "/providers/x/y/z", "/keys/a(b)/c", "//", refresh} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := telemetry.PathTemplate(path + "/" + tenant)
		if strings.Contains(got, tenant) {
			t.Errorf("the tenant shows in %q", got)
		}
		for part := range strings.SplitSeq(got, "/") {
			if len(part) > 42 {
				t.Errorf("part %q is too long for a word", part)
			}
		}
	})
}
