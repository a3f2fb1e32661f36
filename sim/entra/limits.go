package entra

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Dials change how the login host behaves. The zero value limits nothing.
type Dials struct {
	// Redemptions is how many requests an app may make to a tenant's token
	// endpoint in a minute. 0 lifts the limit.
	Redemptions int `json:"redemptions"`
}

// Set changes the dials.
func (s *Server) Set(change func(*Dials)) {
	d := s.Dials()
	change(&d)
	s.redemptions.Store(int64(d.Redemptions))
}

// Dials is a copy of the dials.
func (s *Server) Dials() Dials { return Dials{Redemptions: int(s.redemptions.Load())} }

// Loops is how many requests were refused as a loop: with 400 and 50196.
func (s *Server) Loops() int { return int(s.loops.Load()) }

// throttled counts a request and refuses it when there were too many: in plain
// text where the app asks for itself, as a loop where it asks for a user.
func (s *Server) throttled(w http.ResponseWriter, r *http.Request, x *exchange) bool {
	limit := s.Dials().Redemptions
	if limit <= 0 {
		return false
	}
	use := s.used.Take(x.form.Get("client_id")+"|"+strings.ToLower(x.segment), 1, time.Minute, x.now)
	if use.Used <= limit {
		return false
	}
	if x.form.Get("grant_type") != "client_credentials" {
		s.loops.Add(1)
		s.writeProblem(w, r, refuse("invalid_grant", 50196, "The server terminated an operation because it encountered a loop while processing a request."))
		return true
	}
	h := w.Header()
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(use.Resets.Seconds()))))
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte("Too Many Requests")) // the caller may have gone
	return true
}
