package funchost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/wire"
)

// ErrTimeout says that an invocation took longer than functionTimeout; the
// handler was killed for it.
var ErrTimeout = errors.New("Timeout value was exceeded by function") //nolint:staticcheck // the host's own words

// errInit says that the handler was not ready for four initialization timeouts.
var errInit = errors.New("Initialization timed out and host is shutting down") //nolint:staticcheck // the host's own words

// answerLimit bounds what is read of a handler's answer.
const answerLimit = 256 << 20

// run is one invocation from "Executing" to "Executed": it waits for the
// handler, bounds the act by functionTimeout and kills the handler when that
// passes.
func (h *Host) run(f *script.Function, reason string, act func(ctx context.Context, id string) error) error {
	id := uuid.NewString()
	log := h.category("Function." + f.Name)
	log.Info("Executing", slog.String("reason", reason), slog.String("id", id))
	h.counts.begin(f.Name)
	began := time.Now()
	err := h.bounded(id, act)
	took := time.Since(began)
	h.counts.finish(f.Name, err)
	if err != nil {
		log.Error("Executed (Failed)", slog.String("id", id), slog.Duration("duration", took), slog.Any("error", err))
	} else {
		log.Info("Executed (Succeeded)", slog.String("id", id), slog.Duration("duration", took))
	}
	if h.cfg.Observe != nil {
		h.cfg.Observe(Invocation{Function: f.Name, ID: id, Reason: reason, Duration: took, Err: err})
	}
	return err
}

// bounded applies functionTimeout, the hang on an empty answer included.
func (h *Host) bounded(id string, act func(ctx context.Context, id string) error) error {
	ctx, cancel := h.life, context.CancelFunc(func() {})
	if limit := h.app.Host.FunctionTimeout; limit > 0 {
		ctx, cancel = context.WithTimeoutCause(h.life, limit, ErrTimeout)
	}
	defer cancel()
	generation, err := h.awaitHandler(ctx)
	if err == nil {
		err = act(ctx, id)
	}
	if errors.Is(err, wire.ErrNoAnswer) {
		h.category("Host.Worker").Warn("the answer has no content; waiting until functionTimeout", slog.String("id", id))
		<-ctx.Done()
	}
	if errors.Is(context.Cause(ctx), ErrTimeout) {
		h.killAfterTimeout(generation)
		return ErrTimeout
	}
	return err
}

// awaitHandler waits for readiness; a handler that never gets ready stops the host.
func (h *Host) awaitHandler(ctx context.Context) (generation int, err error) {
	patience := initPatience * h.app.Host.Worker.InitTimeout
	waiting, cancel := context.WithTimeoutCause(ctx, patience, errInit)
	defer cancel()
	generation, err = h.worker.Ready(waiting)
	if err != nil && errors.Is(context.Cause(waiting), errInit) {
		h.category("Host.Worker").ErrorContext(ctx, "Initialization timed out and host is shutting down")
		h.giveUp(errInit)
		return 0, errInit
	}
	return generation, err
}

// killAfterTimeout restarts the handler after the grace: every other
// invocation in it fails with a connection error.
func (h *Host) killAfterTimeout(generation int) {
	grace := time.NewTimer(h.cfg.TimeoutGrace)
	defer grace.Stop()
	select {
	case <-grace.C:
		h.worker.Restart(h.life, generation)
	case <-h.life.Done():
	}
}

// post sends an envelope and judges the answer.
func (h *Host) post(ctx context.Context, f *script.Function, id string, envelope wire.Envelope) (wire.Answer, error) {
	body := envelope.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.worker.URL()+"/"+f.Name, chunked(body))
	if err != nil {
		return wire.Answer{}, err
	}
	request.GetBody = func() (io.ReadCloser, error) { return chunked(body), nil } // for redirects that keep the method
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", userAgent)
	stamp(request.Header, id)
	response, err := h.client.Do(request)
	if err != nil {
		return wire.Answer{}, fmt.Errorf("calling the handler: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return wire.Answer{}, fmt.Errorf("reading the handler's answer: %w", err)
	}
	return wire.Judge(response.StatusCode, response.Header.Get("Content-Type"), content)
}

const userAgent = "Azure-Functions-Host/" + Version

// stamp adds the headers every invocation request carries.
func stamp(header http.Header, id string) {
	header.Set("X-Azure-Functions-HostVersion", Version)
	header.Set("X-Azure-Functions-InvocationId", id)
}

// chunked hides the length, so that it is never told.
func chunked(body []byte) io.ReadCloser {
	return io.NopCloser(struct{ io.Reader }{bytes.NewReader(body)})
}

// envelope starts the metadata every trigger shares and calls the handler,
// writes its Logs and sends its queue outputs.
func (h *Host) envelope(ctx context.Context, f *script.Function, id string, data json.RawMessage, meta *wire.Metadata) (wire.Answer, error) {
	meta.Sys(f.Name, uuid.NewString(), h.cfg.Now())
	answer, err := h.post(ctx, f, id, wire.Envelope{Data: map[string]json.RawMessage{f.Trigger.Name: data}, Metadata: meta})
	if err != nil {
		return answer, err
	}
	user := h.category("Function." + f.Name + ".User")
	for _, line := range answer.Logs {
		user.InfoContext(ctx, line, slog.String("id", id)) //nolint:sloglint // the line is the handler's
	}
	return answer, h.sendOutputs(ctx, f, answer, meta)
}
