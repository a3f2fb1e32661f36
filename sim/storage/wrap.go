package storage

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// faulty puts the faults in front of a service.
func (s *Server) faulty(service Service, inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := kindOf(service, r)
		s.countMu.Lock()
		s.requests[kind]++
		s.countMu.Unlock()
		what := s.plan.request(kind)
		if what.wait > 0 {
			timer := time.NewTimer(what.wait)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
				return
			}
		}
		switch {
		case what.refuse != 0:
			refuse(service, w, what.refuse)
		case what.lose:
			inner.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler) // net/http cuts the connection
		default:
			inner.ServeHTTP(w, r)
		}
	})
}

// kindOf names the service, the method and what the request is about: a table,
// a queue or a container, but no row, message or blob.
func kindOf(service Service, r *http.Request) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	about, inner, _ := strings.Cut(rest, "/")
	about, _, _ = strings.Cut(about, "(")
	if service == Queue && inner != "" {
		about += " message"
	}
	if comp := r.URL.Query().Get("comp"); comp != "" {
		about += " " + comp
	}
	return service.String() + " " + r.Method + " " + about
}

// refuse answers as the services do when they are in trouble.
func refuse(service Service, w http.ResponseWriter, status int) {
	code, text := "InternalError", "The server encountered an internal error. Please retry the request."
	if status == http.StatusServiceUnavailable {
		code, text = "ServerBusy", "The server is busy."
	}
	kind, body := "application/xml", `<?xml version="1.0" encoding="utf-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`
	if service == Table {
		kind, body = "application/json", `{"odata.error":{"code":%q,"message":{"lang":"en-US","value":%q}}}`
	} else {
		w.Header().Set("x-ms-error-code", code)
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	fmt.Fprintf(w, body, code, text)
}

// discard is where an answer goes that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
