// Package quota counts calls in fixed windows, as the simulated services do
// that refuse whoever makes too many.
//
// Law: a window begins with the first call after the one before has ended.
// Refused calls count, too. Windows that are over are forgotten.
package quota

import (
	"sync"
	"time"
)

// Counter counts by key. The zero value is ready; it is safe for concurrent use.
type Counter struct {
	mu      sync.Mutex
	windows map[string]*window
	sweepAt int
}

type window struct {
	began time.Time
	used  int
}

// Use is where a window stands after a call.
type Use struct {
	Used   int           // calls so far, this one among them
	Resets time.Duration // until the window is over
}

// Take counts n calls for a key.
func (c *Counter) Take(key string, n int, length time.Duration, now time.Time) Use {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.windows[key]
	if w == nil || now.Sub(w.began) >= length {
		c.forget(length, now)
		w = &window{began: now}
		c.windows[key] = w
	}
	w.used += n
	return Use{w.used, w.began.Add(length).Sub(now)}
}

// forget drops what is over whenever the windows have doubled in number.
func (c *Counter) forget(length time.Duration, now time.Time) {
	if c.windows == nil {
		c.windows = map[string]*window{}
	}
	if len(c.windows) < max(c.sweepAt, 1000) {
		return
	}
	for key, w := range c.windows {
		if now.Sub(w.began) >= length {
			delete(c.windows, key)
		}
	}
	c.sweepAt = 2 * len(c.windows)
}
