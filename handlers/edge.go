package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/hostwire"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/statuspage"
	"github.com/samkeeper/samkeeper/internal/telemetry"
)

// Consent runs the sign-in; *consent.Flow is one. Errors are *consent.Refusal.
type Consent interface {
	// Start takes the partner tenant to sign in at; "" means the first one.
	Start(context.Context, sam.TenantID) (consent.Redirect, error)
	Complete(context.Context, consent.Callback) (consent.Receipt, error)
}

// Rooms is what the edge calls; every field but Now and Tracing is required.
type Rooms struct {
	Consent                    Consent
	Rotate, OpenRun, Supervise Task
	RunJob                     Delivery
	RecordPoisoned             Job
	Status                     func(context.Context) (statuspage.Status, error)
	// Prepare makes sure that queues, tables and containers exist. It is called
	// before every function but Health and must be cheap once it succeeded.
	Prepare func(context.Context) error
	// Watch is glanced at by functions that do not depend on a timer, and asked
	// by Health.
	Watch Watch
	// Probes are asked by Health.
	Probes  []Probe
	Version string
	Log     *slog.Logger
	Tracing *telemetry.Tracing // nil is off
	Now     func() time.Time   // nil means time.Now
}

// edge is the http.Handler of the whole program.
type edge struct {
	rooms    Rooms
	registry registry
	health   func(http.ResponseWriter, *http.Request) error
}

// New makes the handler the host talks to. The error lists faults of the
// table of routes or missing rooms: faults of the program.
func New(rooms Rooms) (http.Handler, error) {
	if err := rooms.check(); err != nil {
		return nil, err
	}
	if rooms.Now == nil {
		rooms.Now = time.Now
	}
	e := &edge{rooms: rooms, health: newProber(rooms).serve}
	var err error
	if e.registry, err = newRegistry(e.routes()); err != nil {
		return nil, fmt.Errorf("routes: %w", err)
	}
	return e, nil
}

func (r Rooms) check() error {
	if r.Consent == nil || r.Rotate == nil || r.OpenRun == nil || r.Supervise == nil || r.RunJob == nil ||
		r.RecordPoisoned == nil || r.Status == nil || r.Prepare == nil || r.Watch == nil || r.Log == nil {
		return errors.New("a room is missing")
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		hostwire.Succeed(w) // the host asks whether we are ready; now and later
		return
	}
	route := e.registry.find(r.URL.Path)
	if route == nil {
		e.rooms.Log.WarnContext(r.Context(), "unknown function", slog.String("path", cutPath(r.URL.Path)))
		hostwire.Fail(w, http.StatusNotFound, "there is no such function", "compare the folders below functions/ with handlers/routes.go; HTTP functions need enableForwardingHttpRequest in host.json")
		return
	}
	id := r.Header.Get(hostwire.InvocationHeader)
	if id == "" {
		id = "local-" + rand.Text()
	}
	ctx := telemetry.WithInvocation(r.Context(), telemetry.Invocation{ID: id, Function: route.Function})
	ctx, span := e.rooms.Tracing.Begin(ctx, r.Header)
	ctx, cancel := context.WithTimeout(ctx, route.deadline())
	defer cancel()
	span.End(e.invoke(w, r.WithContext(ctx), route))
}

// invoke serves one invocation and logs how it ended, one line each.
func (e *edge) invoke(w http.ResponseWriter, r *http.Request, route *Route) telemetry.Ending {
	began := e.rooms.Now()
	tracked := &trackedWriter{ResponseWriter: w}
	err := e.guarded(tracked, r, route)
	took := slog.Duration("took", e.rooms.Now().Sub(began))
	if err == nil {
		e.rooms.Log.LogAttrs(r.Context(), route.level(), "invocation done", took)
		return telemetry.Ending{}
	}
	o := outcomeOf(err)
	e.rooms.Log.LogAttrs(r.Context(), o.level, "invocation failed", append(o.attrs(err), took)...)
	if !tracked.began {
		e.fail(tracked, r, route, o)
	}
	return o.ending()
}

// guarded serves and turns a panic into an error: a crash would take every
// other invocation with it, and three in a row stop the host.
func (e *edge) guarded(w http.ResponseWriter, r *http.Request, route *Route) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	if !route.allows(r.Method) {
		return methodError(route.methods())
	}
	if route.Function != "Health" {
		if err := e.rooms.Prepare(r.Context()); err != nil {
			return fmt.Errorf("prepare storage: %w", err)
		}
	}
	if route.Watchful {
		e.rooms.Watch.Glance(r.Context())
	}
	return route.serve(w, r)
}

// trackedWriter knows whether an answer has begun.
type trackedWriter struct {
	http.ResponseWriter
	began bool
}

// WriteHeader implements http.ResponseWriter.
func (t *trackedWriter) WriteHeader(status int) {
	t.began = true
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (t *trackedWriter) Write(p []byte) (int, error) {
	t.began = true
	return t.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController the writer of the server.
func (t *trackedWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// cutPath keeps a stranger's path from filling the log.
func cutPath(path string) string {
	const most = 200
	if len(path) > most {
		return path[:most] + "…"
	}
	return path
}
