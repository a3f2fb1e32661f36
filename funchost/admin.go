package funchost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/funchost/queue"
	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/timer"
)

// ErrNoFunction says that a function of this name is not served.
var ErrNoFunction = errors.New("no such function")

// errHTTPFunction says that admin runs are for timers and queues.
var errHTTPFunction = errors.New("HTTP functions are run through their route")

// runReason is what the log says about manual runs.
const runReason = "This function was programmatically called via the host APIs."

// Invoke runs a timer or queue function by hand and waits for its end: the
// error is the invocation's. The input is the text of the queue message; timers
// ignore it. A timer run so is not past due and changes no status. ctx ends
// the wait, not the invocation.
func (h *Host) Invoke(ctx context.Context, name, input string) error {
	f, err := h.runnable(name)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	if !h.spawn(func() { done <- h.runByHand(f, input) }) {
		return errors.Join(ErrStopped, h.Err())
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *Host) runnable(name string) (*script.Function, error) {
	f, ok := h.app.Function(name)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoFunction, name)
	}
	if f.HTTP != nil {
		return nil, fmt.Errorf("%s: %w", name, errHTTPFunction)
	}
	return f, nil
}

func (h *Host) runByHand(f *script.Function, input string) error {
	if f.Timer != nil {
		run := timer.Run{Reason: runReason}
		if store, ok := h.statuses[f.Name]; ok {
			status, err := store.Load(h.life)
			if err != nil {
				return err
			}
			run.Status = status
		}
		return h.runTimer(f, run)
	}
	now := h.cfg.Now()
	return h.runQueue(f, queue.Message{
		ID: uuid.NewString(), Body: []byte(input), Inserted: now, Expires: now.Add(7 * 24 * time.Hour), NextVisible: now,
	}, runReason)
}

// postFunction is POST /admin/functions/<Name>: 202, the run is in the background.
func (h *Host) postFunction(w http.ResponseWriter, r *http.Request) {
	if !h.isAdmin(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	f, err := h.runnable(r.PathValue("name"))
	if errors.Is(err, ErrNoFunction) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	input, inputErr := adminInput(r.Body)
	if err = errors.Join(err, inputErr); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !h.spawn(func() { _ = h.runByHand(f, input) }) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// adminInput reads {"input":"..."}; an empty body is an empty input, a value
// that is not text is taken as its JSON.
func adminInput(body io.Reader) (string, error) {
	raw, err := io.ReadAll(body)
	if err != nil || len(raw) == 0 {
		return "", err
	}
	var request struct {
		Input json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(raw, &request); err != nil {
		return "", fmt.Errorf("the body must be {\"input\":\"...\"}: %w", err)
	}
	var text string
	if json.Unmarshal(request.Input, &text) == nil {
		return text, nil
	}
	return string(request.Input), nil
}

// hostStatus is GET /admin/host/status.
func (h *Host) hostStatus(w http.ResponseWriter, r *http.Request) {
	if !h.isAdmin(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	status := map[string]any{
		"id": h.hostID(), "state": "Running", "version": Version, "versionDetails": "samkeeper stand-in",
		"processUptime": h.cfg.Now().Sub(h.began).Milliseconds(),
	}
	if problems := h.problemTexts(); len(problems) > 0 {
		status["errors"] = problems
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(status)
}

func (h *Host) problemTexts() []string {
	var texts []string
	for _, p := range h.app.Problems {
		texts = append(texts, p.Function+": "+p.Err.Error())
	}
	return texts
}
