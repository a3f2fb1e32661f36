package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/samkeeper/samkeeper/internal/hostwire"
)

// tick serves a timer function.
func (e *edge) tick(work Task) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		tick, err := inTime(w, func() (hostwire.Tick, error) { return hostwire.DecodeTimer(r.Body, bindingTimer) })
		if err != nil {
			return fmt.Errorf("timer: %w", err)
		}
		attrs, err := work(r.Context())
		if len(attrs) > 0 {
			attrs = append(attrs, slog.Bool("past_due", tick.PastDue))
			e.rooms.Log.LogAttrs(r.Context(), slog.LevelInfo, "timer", attrs...)
		}
		if err != nil {
			return err
		}
		hostwire.Succeed(w)
		return nil
	}
}

// message serves a queue function.
func (e *edge) message(work Delivery) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, err := inTime(w, func() (hostwire.Message, error) { return hostwire.DecodeQueue(r.Body, bindingMessage) })
		if err != nil {
			return fmt.Errorf("queue message: %w", err)
		}
		if err := work(r.Context(), m.Body, m.DequeueCount); err != nil {
			return fmt.Errorf("message %s, delivery %d: %w", m.ID, m.DequeueCount, err)
		}
		hostwire.Succeed(w)
		return nil
	}
}

// everyTime is a Job that does not ask which delivery it is.
func everyTime(work Job) Delivery {
	return func(ctx context.Context, body []byte, _ int) error { return work(ctx, body) }
}

// bodyTimeout is how long a body may take to arrive. The work after it may take
// longer, which is why the server has no read timeout of its own.
const bodyTimeout = 30 * time.Second

// inTime reads a body against the clock of the connection. After a failure the
// clock stays set and the connection is given up: the server would otherwise
// wait for the rest of the body before it answers, for ever if need be.
func inTime[T any](w http.ResponseWriter, read func() (T, error)) (T, error) {
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every writer has a connection
	v, err := read()
	if err != nil {
		w.Header().Set("Connection", "close")
		return v, err
	}
	_ = conn.SetReadDeadline(time.Time{})
	return v, nil
}
