package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

// refusal is an answer in the error shape of Graph.
type refusal struct {
	status int
	code   string
	text   string
}

func (e refusal) Error() string { return fmt.Sprintf("%s (HTTP %d): %s", e.code, e.status, e.text) }

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Inner   *inner `json:"innerError,omitempty"`
	Lower   *inner `json:"innererror,omitempty"`
}

type inner struct {
	Date            string `json:"date"`
	RequestID       string `json:"request-id"`
	ClientRequestID string `json:"client-request-id"`
}

// stamp sets the ids every answer carries; the client's own is echoed.
func stamp(h http.Header, r *http.Request) {
	id := uuid.NewString()
	h.Set("request-id", id)
	if own := r.Header.Get("client-request-id"); own != "" {
		id = own
	}
	h.Set("client-request-id", id)
}

func write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.Header().Set("OData-Version", "4.0")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the caller may have gone
}

// refuse sends an error; the spelling of the inner object alternates.
func (s *Service) refuse(w http.ResponseWriter, err error) {
	var r refusal
	if !errors.As(err, &r) {
		r = refusal{http.StatusInternalServerError, "InternalServerError", err.Error()}
	}
	h := w.Header()
	if r.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+s.world.Cloud().Login+
			`/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
	}
	detail := &inner{s.world.Now().Format("2006-01-02T15:04:05"), h.Get("request-id"), h.Get("client-request-id")}
	f := fault{Code: r.code, Message: r.text}
	if s.refusals.Add(1)%2 == 1 {
		f.Inner = detail
	} else {
		f.Lower = detail
	}
	write(w, r.status, map[string]fault{"error": f})
}
