package funchost

import "errors"

// ErrStopped says that the host runs nothing any more.
var ErrStopped = errors.New("the host has stopped")

// enter begins a task that Stop waits for; it is refused once the host closed.
// Every true must be followed by one tasks.Done.
func (h *Host) enter() bool {
	h.doorMu.Lock()
	defer h.doorMu.Unlock()
	if !h.closed {
		h.tasks.Add(1)
	}
	return !h.closed
}

func (h *Host) close() {
	h.doorMu.Lock()
	defer h.doorMu.Unlock()
	h.closed = true
}

// spawn runs a task on a goroutine unless the host closed.
func (h *Host) spawn(task func()) bool {
	if !h.enter() {
		return false
	}
	go func() {
		defer h.tasks.Done()
		task()
	}()
	return true
}
