package funchost

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Invocation is a finished invocation.
type Invocation struct {
	Function, ID string
	Reason       string // what fired it
	Duration     time.Duration
	Err          error // nil: succeeded
}

// Stat counts the invocations of one function since the host started.
type Stat struct{ Running, Succeeded, Failed int }

// URL is the HTTP front's base address, without a trailing slash.
func (h *Host) URL() string {
	scheme := "http"
	if h.cfg.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + h.socket.Addr().String()
}

// FunctionURL is the address of an HTTP function's route as it is written in
// function.json; "" when there is no such function.
func (h *Host) FunctionURL(name string) string {
	f, ok := h.app.Function(name)
	if !ok || f.HTTP == nil {
		return ""
	}
	return strings.TrimSuffix(h.URL()+"/"+strings.TrimPrefix(h.app.Host.RoutePrefix+"/"+f.HTTP.Route.String(), "/"), "/")
}

// Ready waits until the handler answers on its port.
func (h *Host) Ready(ctx context.Context) error {
	if h.worker == nil {
		return nil
	}
	_, err := h.worker.Ready(ctx)
	return err
}

// HandlerPID is the handler's process id; 0 while none runs.
func (h *Host) HandlerPID() int {
	if h.worker == nil {
		return 0
	}
	return h.worker.PID()
}

// HandlerPeakRSS is the largest resident memory, in bytes, of any handler
// process so far; 0 where the system does not tell.
func (h *Host) HandlerPeakRSS() int64 {
	if h.worker == nil {
		return 0
	}
	return h.worker.PeakRSS()
}

// Stats counts invocations by function name.
func (h *Host) Stats() map[string]Stat { return h.counts.snapshot() }

// WaitIdle returns once no invocation runs and every trigger queue was found
// empty after the last one ended. Messages hidden by a delay and timers yet to
// come do not count.
func (h *Host) WaitIdle(ctx context.Context) error {
	for {
		started := h.counts.begun()
		for _, q := range h.queues {
			if err := q.AwaitEmpty(ctx); err != nil {
				return err
			}
		}
		h.counts.awaitNone(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if h.counts.begun() == started {
			return nil
		}
	}
}

// counter keeps the numbers of running and finished invocations.
type counter struct {
	mu      sync.Mutex
	stats   map[string]*Stat
	total   int
	running int
	none    chan struct{} // closed while nothing runs
}

func (c *counter) init() {
	c.stats = map[string]*Stat{}
	c.none = make(chan struct{})
	close(c.none)
}

func (c *counter) begin(function string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stats[function] == nil {
		c.stats[function] = &Stat{}
	}
	c.stats[function].Running++
	c.total++
	if c.running++; c.running == 1 {
		c.none = make(chan struct{})
	}
}

func (c *counter) finish(function string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stat := c.stats[function]
	stat.Running--
	if err == nil {
		stat.Succeeded++
	} else {
		stat.Failed++
	}
	if c.running--; c.running == 0 {
		close(c.none)
	}
}

func (c *counter) begun() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// awaitNone returns when nothing runs or the context ends.
func (c *counter) awaitNone(ctx context.Context) {
	c.mu.Lock()
	none := c.none
	c.mu.Unlock()
	select {
	case <-none:
	case <-ctx.Done():
	}
}

func (c *counter) snapshot() map[string]Stat {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]Stat, len(c.stats))
	for name, stat := range c.stats {
		out[name] = *stat
	}
	return out
}
