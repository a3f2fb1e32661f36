package jobs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Task is one kind of work at a customer.
type Task interface {
	// Name is its name in messages, settings and rows: [a-z][a-z0-9_-]*.
	Name() string
	// Run looks at one customer. A *sam.Problem with a Reason means that there
	// is no way in; any other error is tried again or given up by its Class.
	// The context ends at the task's deadline. Running twice is harmless.
	Run(ctx context.Context, v Visit) (Result, error)
}

// Anywhere is a Task that has something to say also where discovery found no
// way in: it is expected there like anywhere else, and its job is sent with
// the tasks of this kind alone. Its Visit is the same; tokens of such a tenant
// will mostly be refused.
type Anywhere interface {
	Task
	Anywhere() bool
}

// Visit is what a task gets to know.
type Visit struct {
	Customer   sam.Customer           // ID and Connection; the rest may be empty
	Credential azcore.TokenCredential // tokens of the customer's tenant
	Partner    azcore.TokenCredential // tokens of the connection's own tenant
	Now        time.Time
	Run        string // id of the run
	// Doubted: another task met the state that this Healer mends, after it was
	// taken for mended. What is cached proves nothing then.
	Doubted bool
	// Waited: the task, or the one that doubts it, was sent back before, for
	// instance to wait (CodeWait), and this is after it.
	Waited bool
	shared *shared
	common *common
}

// Result is what a task found.
type Result struct {
	// Findings is everything wrong now; what is missing from it gets closed.
	Findings []sam.Finding
	// Skipped, when set, says there was nothing to look at, and why.
	Skipped sam.Reason
	// Document is kept as JSON: the task's last good view of the customer.
	Document any
}

// shared holds what the tasks of one job have already fetched.
type shared struct {
	mu   sync.Mutex
	done map[string]any
}

// answer is a fetched value or the failure to fetch it.
type answer[T any] struct {
	value T
	err   error
}

// Share runs fetch once per job and key, so that two tasks which need the same
// list ask upstream for it once; a failure is shared too. In a Visit that no
// job made (a test) nothing is shared.
func Share[T any](v Visit, key string, fetch func() (T, error)) (T, error) {
	if v.shared == nil {
		return fetch()
	}
	v.shared.mu.Lock()
	defer v.shared.mu.Unlock()
	if a, ok := v.shared.done[key].(answer[T]); ok {
		return a.value, a.err
	}
	value, err := fetch()
	v.shared.done[key] = answer[T]{value, err}
	return value, err
}

// Registry is the tasks a program knows, in the order a job does them.
type Registry struct {
	tasks []Task
}

// NewRegistry refuses bad and duplicate names.
func NewRegistry(tasks ...Task) (*Registry, error) {
	r := &Registry{}
	for _, t := range tasks {
		name := t.Name()
		if !taskPattern.MatchString(name) {
			return nil, fmt.Errorf("task name %q: want lower case letters, digits, dash or underscore", name)
		}
		if r.find(name) != nil {
			return nil, fmt.Errorf("task %q is registered twice", name)
		}
		r.tasks = append(r.tasks, t)
	}
	if len(r.tasks) == 0 || len(r.tasks) > maxTasks {
		return nil, fmt.Errorf("%d tasks registered: want 1 to %d", len(r.tasks), maxTasks)
	}
	return r, nil
}

// Only returns a registry of the named tasks, in the order of r, or an error
// that lists the names nobody knows.
func (r *Registry) Only(names []string) (*Registry, error) {
	var unknown []string
	for _, name := range names {
		if r.find(name) == nil {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("unknown tasks %q: known are %q", unknown, r.Names())
	}
	var picked []Task
	for _, t := range r.tasks {
		if slices.Contains(names, t.Name()) {
			picked = append(picked, t)
		}
	}
	return NewRegistry(picked...)
}

// Names lists the tasks in order.
func (r *Registry) Names() []string {
	names := make([]string, len(r.tasks))
	for i, t := range r.tasks {
		names[i] = t.Name()
	}
	return names
}

// worth lists which of the tasks are done at a customer: all of them, or those
// that work anywhere when discovery found no way in.
func (r *Registry) worth(tasks []string, c sam.Customer) []string {
	if visitable(c) {
		return tasks
	}
	var some []string
	for _, name := range tasks {
		if t, ok := r.find(name).(Anywhere); ok && t.Anywhere() {
			some = append(some, name)
		}
	}
	return some
}

// find returns the task, or nil.
func (r *Registry) find(name string) Task {
	for _, t := range r.tasks {
		if t.Name() == name {
			return t
		}
	}
	return nil
}
