package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/hostwire"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// outcome is how an error is answered and logged. Plain and Fix are for the
// person or the host's log and hold nothing from outside.
type outcome struct {
	status     int
	plain, fix string
	reference  string       // "" means the invocation id is the reference
	allow      []string     // methods, with 405
	level      slog.Level   // error = a person must act, warn = handled oddity
	problem    *sam.Problem // for the log
	stack      string       // of a panic, for the log
	untouched  bool         // certainly nothing was stored
}

// requestError is a fault of a request, found at the edge.
type requestError struct {
	status     int
	plain, fix string
	allow      []string
}

func (e *requestError) Error() string { return e.plain }

func methodError(allowed []string) error {
	return &requestError{
		status: http.StatusMethodNotAllowed, allow: allowed,
		plain: "this address does not answer to that method", fix: "use " + strings.Join(allowed, " or "),
	}
}

// panicError is a fault of the program.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// outcomeOf is the one place where an error becomes a status. For an envelope
// function every status here is a failed invocation: the message stays.
func outcomeOf(err error) outcome {
	var (
		refusal *consent.Refusal
		request *requestError
		crash   *panicError
	)
	problem := sam.AsProblem(err)
	switch {
	case errors.As(err, &crash):
		return outcome{status: http.StatusInternalServerError, level: slog.LevelError, stack: string(crash.stack), plain: "samkeeper made a mistake", fix: "report the reference; the invocation can be repeated"}
	case errors.As(err, &refusal):
		return outcome{status: refusal.Status, level: levelOf(refusal.Status), untouched: true, reference: refusal.Reference, plain: refusal.Plain, fix: refusal.Fix, problem: problem}
	case errors.As(err, &request):
		return outcome{status: request.status, level: slog.LevelWarn, untouched: true, allow: request.allow, plain: request.plain, fix: request.fix}
	case errors.Is(err, hostwire.ErrTooLarge):
		return outcome{status: http.StatusRequestEntityTooLarge, level: slog.LevelWarn, plain: "the request is too large", fix: fmt.Sprintf("an invocation of samkeeper has at most %d bytes", hostwire.Limit)}
	case errors.Is(err, hostwire.ErrMalformed), errors.Is(err, hostwire.ErrNoBinding):
		return outcome{status: http.StatusBadRequest, level: slog.LevelError, plain: "the request is no invocation of this function", fix: "compare the binding name in function.json with handlers/routes.go"}
	case problem != nil && problem.Class != sam.ClassRetry:
		return outcome{status: http.StatusInternalServerError, level: slog.LevelError, plain: problem.Plain, fix: problem.Fix, problem: problem}
	case problem != nil:
		return outcome{status: http.StatusServiceUnavailable, level: slog.LevelWarn, plain: problem.Plain, fix: problem.Fix, problem: problem}
	case errors.Is(err, context.DeadlineExceeded):
		return outcome{status: http.StatusGatewayTimeout, level: slog.LevelWarn, plain: "the work took too long and was stopped", fix: "it is repeated by itself; see the log if it happens again"}
	case errors.Is(err, context.Canceled):
		return outcome{status: http.StatusServiceUnavailable, level: slog.LevelWarn, plain: "the request was given up by the caller or by a shutdown", fix: "it can be repeated"}
	}
	return outcome{status: http.StatusInternalServerError, level: slog.LevelError, plain: "samkeeper could not finish this", fix: "look up the reference in the log; the invocation can be repeated"}
}

// levelOf: a refused visitor is handled; what we cannot do needs a person.
func levelOf(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// attrs is the log's view of the failure.
func (o outcome) attrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.Int("status", o.status), slog.String("error", err.Error())}
	if o.reference != "" {
		attrs = append(attrs, slog.String("reference", o.reference))
	}
	if p := o.problem; p != nil {
		attrs = append(attrs, slog.String("class", string(p.Class)), slog.String("code", p.Code), slog.String("request_id", p.RequestID), slog.String("tenant_id", string(p.Tenant)), slog.String("fix", p.Fix))
	}
	if o.stack != "" {
		attrs = append(attrs, slog.String("stack", o.stack))
	}
	return attrs
}

// ending is the trace's view of the failure.
func (o outcome) ending() telemetry.Ending {
	e := telemetry.Ending{Failed: true, Status: o.status}
	if p := o.problem; p != nil {
		e.Class, e.Code = string(p.Class), p.Code
	}
	return e
}
