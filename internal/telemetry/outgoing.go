package telemetry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Transport makes one client span per request that goes through base: method,
// host, path template and status. Nothing else of a request is looked at: no
// query, no header, no body; and nothing is added to it. A span ends when the
// answer's header is there.
func (t *Tracing) Transport(base http.RoundTripper) http.RoundTripper {
	if t == nil {
		return base
	}
	return &outgoing{base: base, tracer: t.tracer}
}

type outgoing struct {
	base   http.RoundTripper
	tracer trace.Tracer
}

// RoundTrip implements http.RoundTripper.
func (o *outgoing) RoundTrip(r *http.Request) (*http.Response, error) {
	method, template := r.Method, PathTemplate(r.URL.EscapedPath())
	if method == "" {
		method = http.MethodGet
	}
	_, span := o.tracer.Start(r.Context(), method+" "+template, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", method),
		attribute.String("server.address", r.URL.Hostname()),
		attribute.String("url.scheme", r.URL.Scheme),
		attribute.String("url.template", template)))
	defer span.End()
	if port, err := strconv.Atoi(r.URL.Port()); err == nil {
		span.SetAttributes(attribute.Int("server.port", port))
	}
	res, err := o.base.RoundTrip(r)
	switch {
	case err != nil: // its text names the whole URL, so its kind must do
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", silenceType(err)))
	default:
		span.SetAttributes(attribute.Int("http.response.status_code", res.StatusCode))
		if res.StatusCode >= http.StatusBadRequest {
			span.SetStatus(codes.Error, "")
			span.SetAttributes(attribute.String("error.type", strconv.Itoa(res.StatusCode)))
		}
	}
	return res, err
}

// CloseIdleConnections lets http.Client reach the connections behind.
func (o *outgoing) CloseIdleConnections() {
	if c, ok := o.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// silenceType says why no answer came.
func silenceType(err error) string {
	var ne net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return "timeout"
	}
	return "no_answer"
}
