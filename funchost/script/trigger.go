package script

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/funchost/route"
	"github.com/samkeeper/samkeeper/funchost/schedule"
)

// Queue is a queueTrigger or a queue output.
type Queue struct {
	Name       string // an output's name may hold {expressions}
	Connection string // setting name; AzureWebJobsStorage by default
}

// Timer is a timerTrigger.
type Timer struct {
	Expression   string
	Schedule     schedule.Schedule
	RunOnStartup bool
	Monitor      bool // false also when the schedule is sub-minute
}

// HTTP is an httpTrigger.
type HTTP struct {
	AuthLevel string   // anonymous, function or admin
	Methods   []string // upper case; empty: all
	Route     route.Template
}

var queueName = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])*$`)

// Queue reads the attributes of a queue binding.
func (b Binding) Queue() (Queue, error) {
	q := Queue{Name: b.plain("queueName"), Connection: b.plain("connection")}
	if q.Connection == "" {
		q.Connection = "AzureWebJobsStorage"
	}
	if !b.IsTrigger() && strings.Contains(q.Name, "{") {
		return q, nil
	}
	return q, CheckQueueName(q.Name)
}

// CheckQueueName applies the service's rule for queue names.
func CheckQueueName(name string) error {
	if len(name) < 3 || len(name) > 63 || !queueName.MatchString(name) {
		return fmt.Errorf("queue name %q: 3 to 63 lower-case letters, digits and single dashes are required", name)
	}
	return nil
}

func (b Binding) timer() (Timer, error) {
	t := Timer{Expression: b.plain("schedule")}
	var err error
	if t.Schedule, err = schedule.Parse(t.Expression); err != nil {
		return t, err
	}
	if t.RunOnStartup, err = b.flag("runOnStartup", false); err != nil {
		return t, err
	}
	t.Monitor, err = b.flag("useMonitor", true)
	t.Monitor = t.Monitor && !t.Schedule.SubMinute()
	return t, err
}

func (b Binding) http(function string) (HTTP, error) {
	h := HTTP{AuthLevel: strings.ToLower(b.plain("authLevel"))}
	switch h.AuthLevel {
	case "":
		h.AuthLevel = "function"
	case "anonymous", "function", "admin":
	default:
		return h, fmt.Errorf("authLevel %q is not anonymous, function or admin", h.AuthLevel)
	}
	if b.plain("webHookType") != "" {
		return h, errors.New("webHookType is gone since version 1")
	}
	text := function
	if _, set := b.attributes["route"]; set {
		text = b.plain("route")
	}
	var err error
	if h.Route, err = route.Parse(text); err != nil {
		return h, err
	}
	h.Methods, err = b.methods()
	return h, err
}

func (b Binding) methods() ([]string, error) {
	raw, set := b.attributes["methods"]
	if !set {
		return nil, nil
	}
	list, ok := raw.([]any)
	if !ok {
		return nil, errors.New("methods must be an array")
	}
	allowed := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace,
	}
	var out []string
	for _, item := range list {
		name, _ := item.(string)
		if !slices.Contains(allowed, strings.ToUpper(name)) {
			return nil, fmt.Errorf("method %v is unknown", item)
		}
		out = append(out, strings.ToUpper(name))
	}
	return out, nil
}
