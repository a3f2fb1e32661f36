package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// problem is a refusal of the authority.
type problem struct {
	code     int    // AADSTS number
	oauth    string // OAuth error
	status   int    // HTTP status; 0 means 400
	text     string
	suberror string
	claims   string // JSON, to be replayed in a new sign-in
}

func (p *problem) Error() string { return fmt.Sprintf("AADSTS%d: %s", p.code, p.text) }

func refuse(oauth string, code int, format string, args ...any) *problem {
	return &problem{code: code, oauth: oauth, text: fmt.Sprintf(format, args...)}
}

// trace is the pair of ids every answer carries.
type trace struct {
	id          string
	correlation string
	at          time.Time
}

// newTrace takes the caller's client-request-id when it is a GUID.
func newTrace(r *http.Request, now time.Time) trace {
	correlation := r.Header.Get("client-request-id")
	if uuid.Validate(correlation) != nil {
		correlation = uuid.NewString()
	}
	return trace{id: uuid.NewString(), correlation: correlation, at: now}
}

const stamp = "2006-01-02 15:04:05Z"

// describe is the error_description of a problem.
func (t trace) describe(p *problem) string {
	return fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s",
		p.Error(), t.id, t.correlation, t.at.Format(stamp))
}

// errorBody is the JSON of section 1.7 of the reference.
type errorBody struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri"`
	Suberror      string `json:"suberror,omitempty"`
	Claims        string `json:"claims,omitempty"`
}

func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	t := newTrace(r, s.world.Now())
	s.answerHeaders(w, r, t, 2)
	status := p.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", error="`+p.oauth+`"`)
	}
	writeJSON(w, status, errorBody{
		Error: p.oauth, Description: t.describe(p), Codes: []int{p.code},
		Timestamp: t.at.Format(stamp), TraceID: t.id, CorrelationID: t.correlation,
		URI:      s.errorURI(p),
		Suberror: p.suberror, Claims: p.claims,
	})
}

func (s *Server) errorURI(p *problem) string {
	return fmt.Sprintf("%s/error?code=%d", s.world.Cloud().Login, p.code)
}

// answerHeaders sets what every answer of the token endpoint carries.
func (s *Server) answerHeaders(w http.ResponseWriter, r *http.Request, t trace, version int) {
	h := w.Header()
	h.Set("Cache-Control", "no-store, no-cache")
	if version == 1 {
		h.Set("Cache-Control", "no-cache, no-store")
	}
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "-1")
	h.Set("x-ms-request-id", t.id)
	h.Set("x-ms-ests-server", "2.1.99999.1 - SIMULATED")
	if strings.EqualFold(r.Header.Get("return-client-request-id"), "true") {
		h.Set("client-request-id", t.correlation)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client hung up: nobody is left to tell
}
