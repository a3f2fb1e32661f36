package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Trigger is what starts a function.
type Trigger string

// The triggers, by the binding type of function.json.
const (
	HTTP  Trigger = "httpTrigger"
	Timer Trigger = "timerTrigger"
	Queue Trigger = "queueTrigger"
)

// The names of the input bindings, by trigger.
const (
	bindingRequest  = "req"
	bindingResponse = "res"
	bindingTimer    = "timer"
	bindingMessage  = "message"
)

// How long one invocation may take; see the package comment.
const (
	Deadline     = 9 * time.Minute
	HTTPDeadline = 100 * time.Second
)

// routePrefix is extensions.http.routePrefix of host.json.
const routePrefix = "/api/"

// Route is one function as the host knows it.
type Route struct {
	Function string   // the folder below functions/
	Trigger  Trigger  // of its first binding
	Binding  string   // name of its first binding
	Path     string   // HTTP: its route, without prefix
	Methods  []string // HTTP: in upper case
	Source   string   // queue: its queue
	Quiet    bool     // log a success at debug level only
	Watchful bool     // glance at the watchdog first

	serve func(http.ResponseWriter, *http.Request) error
}

// routes is the table of functions.
func (e *edge) routes() []Route {
	get, both := []string{http.MethodGet}, []string{http.MethodGet, http.MethodPost}
	return []Route{
		{Function: "ConsentStart", Trigger: HTTP, Binding: bindingRequest, Path: "consent", Methods: get, Watchful: true, serve: e.consentStart},
		{Function: "ConsentCallback", Trigger: HTTP, Binding: bindingRequest, Path: "consent/callback", Methods: both, serve: e.consentCallback},
		{Function: "Status", Trigger: HTTP, Binding: bindingRequest, Path: "status", Methods: get, Quiet: true, Watchful: true, serve: e.status},
		{Function: "Health", Trigger: HTTP, Binding: bindingRequest, Path: "health", Methods: get, Quiet: true, serve: e.health},
		{Function: "RotateRefreshTokens", Trigger: Timer, Binding: bindingTimer, serve: e.tick(e.rooms.Rotate)},
		{Function: "EnqueueCustomers", Trigger: Timer, Binding: bindingTimer, serve: e.tick(e.rooms.OpenRun)},
		{Function: "SuperviseRuns", Trigger: Timer, Binding: bindingTimer, serve: e.tick(e.rooms.Supervise)},
		{Function: "RunCustomerJob", Trigger: Queue, Binding: bindingMessage, Source: "customer-jobs", Watchful: true, serve: e.message(e.rooms.RunJob)},
		{Function: "RecordPoisonedJob", Trigger: Queue, Binding: bindingMessage, Source: "customer-jobs-poison", serve: e.message(everyTime(e.rooms.RecordPoisoned))},
	}
}

// deadline is how long an invocation of the route may take.
func (r Route) deadline() time.Duration {
	if r.Trigger == HTTP {
		return HTTPDeadline
	}
	return Deadline
}

// address is the path the host asks for: a forwarded request keeps its own, an
// envelope goes to the function's name.
func (r Route) address() string {
	if r.Trigger == HTTP {
		return routePrefix + r.Path
	}
	return "/" + r.Function
}

// methods are those the host may use.
func (r Route) methods() []string {
	if r.Trigger == HTTP {
		return r.Methods
	}
	return []string{http.MethodPost}
}

// registry finds routes by address.
type registry map[string]*Route

// functionName is the host's rule, without the names it keeps for itself.
var functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,127}$`)

// newRegistry refuses duplicates and what the host could not call.
func newRegistry(routes []Route) (registry, error) {
	byAddress := registry{}
	names := map[string]bool{}
	var faults []error
	for _, r := range routes {
		name, address := strings.ToLower(r.Function), r.address()
		switch {
		case !functionName.MatchString(r.Function) || name == "host":
			faults = append(faults, fmt.Errorf("function %q: not a name the host accepts", r.Function))
		case names[name]:
			faults = append(faults, fmt.Errorf("function %s is registered twice", r.Function))
		case byAddress[address] != nil:
			faults = append(faults, fmt.Errorf("functions %s and %s share the address %s", byAddress[address].Function, r.Function, address))
		case r.serve == nil:
			faults = append(faults, fmt.Errorf("function %s has no handler", r.Function))
		default:
			names[name], byAddress[address] = true, &r
		}
	}
	return byAddress, errors.Join(faults...)
}

// find looks a path up. Function names are exact; routes of the host match in
// any case and with a trailing slash.
func (g registry) find(path string) *Route {
	if r, ok := g[path]; ok {
		return r
	}
	folded := strings.ToLower(strings.TrimSuffix(path, "/"))
	if strings.HasPrefix(folded, routePrefix) {
		return g[folded]
	}
	return nil
}

// allows reports whether the route answers to the method.
func (r *Route) allows(method string) bool { return slices.Contains(r.methods(), method) }

// level is how loudly a success is logged.
func (r *Route) level() slog.Level {
	if r.Quiet {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// Task is a timer's work. The attributes say in the log what was done.
type Task func(context.Context) ([]slog.Attr, error)

// Job is a queue function's work on the bytes of one message. nil means that
// the message may be deleted.
type Job func(ctx context.Context, body []byte) error

// Delivery is a Job that is told how often the message was delivered, this time
// included; 0 when the host did not say.
type Delivery func(ctx context.Context, body []byte, nth int) error
