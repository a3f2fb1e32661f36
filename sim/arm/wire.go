package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// refusal is an answer in the error shape of Resource Manager.
type refusal struct {
	status  int
	code    string
	text    string
	details []any
	// authenticate is the WWW-Authenticate header, if any.
	authenticate string
	// wait is the Retry-After header in seconds, if positive.
	wait int
}

func (e *refusal) Error() string { return fmt.Sprintf("%s (HTTP %d): %s", e.code, e.status, e.text) }

func deny(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, text: fmt.Sprintf(format, args...)}
}

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []any  `json:"details,omitempty"`
}

// stamp sets the ids every answer carries; a client's correlation id is kept.
func stamp(h http.Header, r *http.Request) {
	h.Set("x-ms-request-id", uuid.NewString())
	correlation := r.Header.Get("x-ms-correlation-request-id")
	if correlation == "" {
		correlation = uuid.NewString()
	}
	h.Set("x-ms-correlation-request-id", correlation)
	h.Set("x-ms-routing-request-id", "WESTEUROPE:20261121T000000Z:"+correlation)
	h.Set("Cache-Control", "no-cache")
}

func write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the caller may have gone
}

func (s *Service) refuse(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = deny(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	if r.authenticate != "" {
		w.Header().Set("WWW-Authenticate", r.authenticate)
	}
	if r.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.wait))
	}
	write(w, r.status, map[string]fault{"error": {r.code, r.text, r.details}})
}
