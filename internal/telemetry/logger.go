package telemetry

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// Keys of the attributes every room may use; others are snake_case as well.
const (
	KeyInvocation = "invocation_id"
	KeyFunction   = "function"
	KeyTrace      = "trace_id" // only while tracing is on
)

// Invocation identifies one call of the host for the log.
type Invocation struct {
	ID       string // the host's id, or one of our own when there was none
	Function string // the folder name
}

type contextKey struct{}

// WithInvocation returns a context whose log lines carry the invocation.
func WithInvocation(ctx context.Context, inv Invocation) context.Context {
	return context.WithValue(ctx, contextKey{}, inv)
}

// FromContext returns the invocation of a context; the zero value if none.
func FromContext(ctx context.Context) Invocation {
	inv, _ := ctx.Value(contextKey{}).(Invocation)
	return inv
}

// New makes a logger that writes JSON lines of at least level to w. It is safe
// for concurrent use; each record is one Write.
func New(w io.Writer, level slog.Leveler) *slog.Logger {
	json := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact})
	return slog.New(invocations{json})
}

// invocations adds the invocation and the trace of the context to each record.
type invocations struct{ slog.Handler }

// Handle implements slog.Handler.
func (h invocations) Handle(ctx context.Context, record slog.Record) error {
	if inv := FromContext(ctx); inv != (Invocation{}) {
		record.AddAttrs(slog.String(KeyInvocation, inv.ID), slog.String(KeyFunction, inv.Function))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String(KeyTrace, span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (h invocations) WithAttrs(attrs []slog.Attr) slog.Handler {
	return invocations{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h invocations) WithGroup(name string) slog.Handler {
	return invocations{h.Handler.WithGroup(name)}
}
