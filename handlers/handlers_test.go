package handlers_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/handlers"
	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/hostwire"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/statuspage"
	"github.com/samkeeper/samkeeper/internal/telemetry"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

const invocation = "0f8e0000-0000-4000-8000-000000000001"

// house is an edge before rooms that can be told what to do.
type house struct {
	http.Handler
	log      *bytes.Buffer
	rooms    handlers.Rooms
	callback consent.Callback // what the consent room was given
	started  []sam.TenantID
	refusal  error
	receipt  consent.Receipt
	watch    watch
}

// watch counts glances and is told what is silent.
type watch struct {
	glances atomic.Int32
	silent  []watchdog.Silence
	err     error
}

func (w *watch) Glance(context.Context) { w.glances.Add(1) }

func (w *watch) Look(context.Context) ([]watchdog.Silence, error) { return w.silent, w.err }

func (h *house) Start(_ context.Context, tenant sam.TenantID) (consent.Redirect, error) {
	h.started = append(h.started, tenant)
	return consent.Redirect{URL: "https://login.example/authorize?x=1", Cookie: &http.Cookie{Name: consent.CookieName, Value: "sealed", Secure: true, Path: "/"}}, h.refusal
}

func (h *house) Complete(_ context.Context, c consent.Callback) (consent.Receipt, error) {
	h.callback = c
	return h.receipt, h.refusal
}

// open makes a house; edit changes its rooms before the door opens.
func open(tb testing.TB, edit func(*handlers.Rooms)) *house {
	tb.Helper()
	h := &house{log: &bytes.Buffer{}}
	nothing := func(context.Context) ([]slog.Attr, error) { return nil, nil }
	h.rooms = handlers.Rooms{
		Consent: h, Rotate: nothing, OpenRun: nothing, Supervise: nothing,
		RunJob:         func(context.Context, []byte, int) error { return nil },
		RecordPoisoned: func(context.Context, []byte) error { return nil },
		Status: func(context.Context) (statuspage.Status, error) {
			return statuspage.Status{Version: "v0.1.0", GeneratedAt: time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC)}, nil
		},
		Prepare: func(context.Context) error { return nil },
		Watch:   &h.watch,
		Log:     telemetry.New(h.log, slog.LevelDebug),
		Version: "v0.1.0",
	}
	if edit != nil {
		edit(&h.rooms)
	}
	var err error
	if h.Handler, err = handlers.New(h.rooms); err != nil {
		tb.Fatal(err)
	}
	return h
}

// ask sends one request; pairs are headers.
func (h *house) ask(method, target string, body io.Reader, pairs ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	r.Header.Set(hostwire.InvocationHeader, invocation)
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func queued(body string) io.Reader {
	return strings.NewReader(`{"Data":{"message":"` + base64.StdEncoding.EncodeToString([]byte(body)) + `"},"Metadata":{"DequeueCount":"1","Id":"\"m1\""}}`)
}

func ticked() io.Reader {
	return strings.NewReader(`{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":true}},"Metadata":{}}`)
}

// lines are the log's lines with the given message.
func (h *house) lines(t *testing.T, msg string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(h.log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if m["msg"] == msg {
			found = append(found, m)
		}
	}
	return found
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	h := open(t, func(r *handlers.Rooms) {
		r.Prepare = func(context.Context) error { return errors.New("storage is away") }
	})
	if w := h.ask("GET", "/", nil); w.Code != http.StatusOK || w.Body.String() != "{}" {
		t.Errorf("GET / = %d %q", w.Code, w.Body)
	}
}

func TestEnvelopeFunctions(t *testing.T) {
	t.Parallel()
	var got []string
	note := func(name string) handlers.Task {
		return func(ctx context.Context) ([]slog.Attr, error) {
			until, ok := ctx.Deadline()
			if left := time.Until(until); !ok || left > handlers.Deadline || left < handlers.Deadline-time.Minute {
				t.Errorf("%s has %v left", name, left)
			}
			got = append(got, name)
			return []slog.Attr{slog.Int("count", 3)}, nil
		}
	}
	h := open(t, func(r *handlers.Rooms) {
		r.Rotate, r.OpenRun, r.Supervise = note("rotate"), note("open"), note("supervise")
		r.RunJob = func(_ context.Context, body []byte, nth int) error {
			got = append(got, fmt.Sprintf("job %s, delivery %d", body, nth))
			return nil
		}
		r.RecordPoisoned = func(_ context.Context, body []byte) error { got = append(got, "poison "+string(body)); return nil }
	})
	for _, name := range []string{"RotateRefreshTokens", "EnqueueCustomers", "SuperviseRuns"} {
		succeeded(t, h.ask("POST", "/"+name, ticked()))
	}
	succeeded(t, h.ask("POST", "/RunCustomerJob", queued(`{"v":1}`)))
	succeeded(t, h.ask("POST", "/RecordPoisonedJob", queued("not even JSON \xff")))
	if want := "rotate open supervise job {\"v\":1}, delivery 1 poison not even JSON \xff"; strings.Join(got, " ") != want {
		t.Errorf("rooms were called: %q, want %q", strings.Join(got, " "), want)
	}
	if lines := h.lines(t, "timer"); len(lines) != 3 || lines[0]["count"] != 3.0 || lines[0]["past_due"] != true || lines[0]["function"] != "RotateRefreshTokens" {
		t.Errorf("log of the timers: %v", lines)
	}
	done := h.lines(t, "invocation done")
	if len(done) != 5 {
		t.Fatalf("%d lines for 5 invocations: %s", len(done), h.log)
	}
	for _, line := range done {
		if line["invocation_id"] != invocation {
			t.Errorf("line without the host's id: %v", line)
		}
	}
}

// succeeded checks what ends an invocation well at the host.
func succeeded(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusOK || w.Body.String() != "{}" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answer %d %q %q, want 200, {} and application/json", w.Code, w.Body, w.Header().Get("Content-Type"))
	}
}

func TestFailuresKeepTheMessage(t *testing.T) {
	t.Parallel()
	fails := func(err error) func(*handlers.Rooms) {
		return func(r *handlers.Rooms) { r.RunJob = func(context.Context, []byte, int) error { return err } }
	}
	for name, row := range map[string]struct {
		edit   func(*handlers.Rooms)
		path   string
		method string
		body   io.Reader
		status int
	}{
		"the room fails":          {fails(errors.New("table is away")), "/RunCustomerJob", "POST", queued("{}"), http.StatusInternalServerError},
		"a passing problem":       {fails(fmt.Errorf("job: %w", &sam.Problem{Op: "read", Class: sam.ClassRetry})), "/RunCustomerJob", "POST", queued("{}"), http.StatusServiceUnavailable},
		"a problem for a person":  {fails(&sam.Problem{Op: "read", Class: sam.ClassConfiguration}), "/RunCustomerJob", "POST", queued("{}"), http.StatusInternalServerError},
		"out of time":             {fails(context.DeadlineExceeded), "/RunCustomerJob", "POST", queued("{}"), http.StatusGatewayTimeout},
		"given up":                {fails(context.Canceled), "/RunCustomerJob", "POST", queued("{}"), http.StatusServiceUnavailable},
		"a panic":                 {func(r *handlers.Rooms) { r.RunJob = func(context.Context, []byte, int) error { panic("oh") } }, "/RunCustomerJob", "POST", queued("{}"), http.StatusInternalServerError},
		"storage is away":         {func(r *handlers.Rooms) { r.Prepare = func(context.Context) error { return errors.New("no route") } }, "/SuperviseRuns", "POST", ticked(), http.StatusInternalServerError},
		"malformed envelope":      {nil, "/RunCustomerJob", "POST", strings.NewReader("{"), http.StatusBadRequest},
		"empty envelope":          {nil, "/RotateRefreshTokens", "POST", strings.NewReader(""), http.StatusBadRequest},
		"another binding's data":  {nil, "/RunCustomerJob", "POST", ticked(), http.StatusBadRequest},
		"oversized envelope":      {nil, "/RunCustomerJob", "POST", queued(strings.Repeat("x", hostwire.Limit)), http.StatusRequestEntityTooLarge},
		"wrong method":            {nil, "/RunCustomerJob", "GET", nil, http.StatusMethodNotAllowed},
		"unknown function":        {nil, "/RunCustomerJobs", "POST", queued("{}"), http.StatusNotFound},
		"name in another case":    {nil, "/runcustomerjob", "POST", queued("{}"), http.StatusNotFound},
		"HTTP function enveloped": {nil, "/ConsentStart", "POST", strings.NewReader(`{"Data":{"req":{}}}`), http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, row.edit)
			w := h.ask(row.method, row.path, row.body)
			var answer struct{ Error, Fix string }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatalf("answer %q: %v", w.Body, err)
			}
			if w.Code != row.status || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("answer %d %q, want %d as JSON", w.Code, w.Body, row.status)
			}
			if strings.Count(h.log.String(), "\n") == 0 {
				t.Error("nothing was logged")
			}
		})
	}
}

func TestPanicIsLoggedWithItsPlace(t *testing.T) {
	t.Parallel()
	h := open(t, func(r *handlers.Rooms) {
		r.Supervise = func(context.Context) ([]slog.Attr, error) { panic("index out of range") }
	})
	h.ask("POST", "/SuperviseRuns", ticked())
	lines := h.lines(t, "invocation failed")
	if len(lines) != 1 || lines[0]["level"] != "ERROR" || !strings.Contains(fmt.Sprint(lines[0]["stack"]), "handlers_test.go") {
		t.Errorf("log: %v", lines)
	}
	succeeded(t, h.ask("POST", "/EnqueueCustomers", ticked()))
}

func TestPrepareComesFirst(t *testing.T) {
	t.Parallel()
	var ran atomic.Bool
	h := open(t, func(r *handlers.Rooms) {
		r.Prepare = func(context.Context) error { return errors.New("storage is away") }
		r.RunJob = func(context.Context, []byte, int) error { ran.Store(true); return nil }
	})
	if w := h.ask("POST", "/RunCustomerJob", queued("{}")); w.Code < 500 || ran.Load() {
		t.Errorf("answer %d, room called: %v", w.Code, ran.Load())
	}
	if w := h.ask("GET", "/api/health", nil); w.Code != http.StatusOK {
		t.Errorf("health needs no storage to answer: %d", w.Code)
	}
}

func TestNewRefusesMissingRooms(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.rooms.RunJob = nil
	if _, err := handlers.New(h.rooms); err == nil {
		t.Error("an edge without a room was accepted")
	}
}

// TestBodiesAreReadAgainstTheClock: a body that never ends must not hold a connection for ever; the
// deadline itself is the connection's, so it is set and cleared again here.
func TestBodiesAreReadAgainstTheClock(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	w := &clockedWriter{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequest("POST", "/RunCustomerJob", queued("{}")))
	if len(w.deadlines) != 2 || w.deadlines[0].IsZero() || !w.deadlines[1].IsZero() {
		t.Errorf("read deadlines: %v", w.deadlines)
	}
}

type clockedWriter struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (c *clockedWriter) SetReadDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines, t)
	return nil
}
