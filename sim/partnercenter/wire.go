package partnercenter

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// refusal is an answer in the error shape of Partner Center.
type refusal struct {
	status int
	code   int
	text   string
}

func (e refusal) Error() string { return fmt.Sprintf("%d (HTTP %d): %s", e.code, e.status, e.text) }

// fault is the error body; Code is a number on the wire.
type fault struct {
	Code        int      `json:"code"`
	Description string   `json:"description"`
	Data        []string `json:"data"`
	Source      string   `json:"source"`
}

// stamp sets the headers that every answer carries.
func stamp(h http.Header, r *http.Request) {
	echo := func(name string) {
		id := r.Header.Get(name)
		if id == "" {
			id = uuid.NewString()
		}
		h.Set(name, id)
	}
	echo("MS-RequestId")
	echo("MS-CorrelationId")
	h.Set("MS-CV", uuid.NewString()[:16]+".0")
	h.Set("MS-ServerId", "0000005B")
}

// write sends a JSON answer, or only a status.
func write(w http.ResponseWriter, r reply) {
	if r.body == nil {
		w.WriteHeader(r.status)
		return
	}
	text, err := json.Marshal(r.body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(r.status)
	_, _ = w.Write(text) // the caller may have gone
}

// refuse sends an error.
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, errPhrase) {
		refuseByPhrase(w)
		return
	}
	var r refusal
	if !errors.As(err, &r) {
		r = refusal{http.StatusInternalServerError, 800003, err.Error()}
	}
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	write(w, reply{r.status, fault{r.code, r.text, []string{}, "PartnerApiServiceControllers"}})
}

// throttle sends the 429, whose body is unlike all others.
func throttle(w http.ResponseWriter, wait time.Duration) {
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	write(w, reply{http.StatusTooManyRequests, map[string]any{
		"statusCode": http.StatusTooManyRequests,
		"message":    fmt.Sprintf("Rate limit is exceeded. Try again in %d seconds.", seconds),
	}})
}

// refuseByPhrase writes the status line by hand, since the standard server
// has no way of changing its phrase. Where the connection cannot be taken over
// (HTTP/2) the phrase is lost and the header remains.
func refuseByPhrase(w http.ResponseWriter) {
	h := w.Header()
	h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	h.Set("Request-Context", "appId=cid-v1:03ce8ca8-8373-4021-8f25-d5dd45c7b12f")
	conn, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = out.WriteString("HTTP/1.1 401 Unauthorized - MFA required\r\n")
	h.Set("Content-Length", "0")
	h.Set("Connection", "close")
	_ = h.Write(out)
	_, _ = out.WriteString("\r\n")
	_ = out.Flush() // the connection is closed either way
}
