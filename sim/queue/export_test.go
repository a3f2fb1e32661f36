package queue

import "net/http"

// Trusting serves the same queues without asking for signatures, for tests of
// requests that no client would make.
func Trusting(s *Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head(w.Header(), r.Header)
		if f := s.serve(w, r); f != nil {
			writeFault(w, f)
		}
	})
}
