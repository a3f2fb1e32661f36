package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	// scope names the instrumentation, tracesPath is what OpenTelemetry appends
	// to a base endpoint.
	scope      = "github.com/samkeeper/samkeeper"
	tracesPath = "/v1/traces"
	// exportTimeout bounds one delivery; more spans than the SDK's queue holds
	// (2,048) are dropped, never waited for.
	exportTimeout = 5 * time.Second
	// flushTimeout bounds Close: what is left of the platform's ten seconds
	// between SIGTERM and SIGKILL.
	flushTimeout = 1500 * time.Millisecond
)

// TracingConfig says where spans go.
type TracingConfig struct {
	Endpoint string       // base URL of an OTLP/HTTP collector; "" switches tracing off
	Version  string       // of samkeeper
	Log      *slog.Logger // is told when spans cannot be delivered
}

// Tracing sends spans to a collector. A nil *Tracing is tracing switched off:
// every method works on it and costs nothing. It is safe for concurrent use.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// NewTracing makes the exporter; it does not connect yet. Headers for the
// collector, resource attributes and the sampler come from OpenTelemetry's own
// variables (OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES,
// OTEL_TRACES_SAMPLER, …), which its SDK reads. Failures to deliver go to the
// log of the process's last Tracing.
func NewTracing(ctx context.Context, c TracingConfig) (*Tracing, error) {
	if c.Endpoint == "" {
		return nil, nil //nolint:nilnil // nil is the documented value for "off"
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.Endpoint, "/")+tracesPath),
		otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return nil, fmt.Errorf("exporter of traces: %w", err)
	}
	who, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "samkeeper"), attribute.String("service.version", c.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("resource of traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		c.Log.WarnContext(context.WithoutCancel(ctx), "spans were not delivered", slog.String("error", err.Error()))
	}))
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(who), sdktrace.WithBatcher(exporter))
	return &Tracing{provider: provider, tracer: provider.Tracer(scope)}, nil
}

// Close delivers what is left, for at most flushTimeout, and stops.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("deliver the last spans: %w", err)
	}
	return nil
}

// Span is one invocation in a trace; the zero value records nothing.
type Span struct{ span trace.Span }

// Begin opens the span of the invocation that ctx carries. header may hold a
// traceparent (W3C Trace Context), whose trace it then joins.
func (t *Tracing) Begin(ctx context.Context, header http.Header) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	inv := FromContext(ctx)
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
	ctx, span := t.tracer.Start(ctx, inv.Function, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("faas.name", inv.Function), attribute.String("faas.invocation_id", clip(inv.ID))))
	return ctx, Span{span}
}

// Ending is how an invocation ended. The error's text stays in the log: it may
// quote what came from outside.
type Ending struct {
	Failed bool
	Status int    // HTTP status of a failure
	Class  string // problem class, "" when unknown
	Code   string // upstream's code, "" when unknown
}

// End closes the span.
func (s Span) End(e Ending) {
	if s.span == nil {
		return
	}
	outcome := "done"
	if e.Failed {
		outcome = "failed"
		s.span.SetStatus(codes.Error, "")
		s.span.SetAttributes(attribute.Int("http.response.status_code", e.Status), attribute.String("error.type", errorType(e)))
	}
	s.span.SetAttributes(attribute.String("samkeeper.outcome", outcome))
	if e.Class != "" {
		s.span.SetAttributes(attribute.String("samkeeper.problem_class", e.Class))
	}
	s.span.End()
}

// errorType is the code to group failures by.
func errorType(e Ending) string {
	if e.Code != "" {
		return clip(Scrub(e.Code))
	}
	return strconv.Itoa(e.Status)
}

// clip bounds what others have named.
func clip(s string) string {
	const most = 128
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}
