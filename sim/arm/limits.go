package arm

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// windowLength is how long a Resource Graph window lasts.
const windowLength = 5 * time.Second

// window counts the queries of one caller in one tenant.
type window struct {
	began time.Time
	used  int
}

// takeQuery counts a Resource Graph query and sets the quota headers.
func (s *Service) takeQuery(w http.ResponseWriter, c call) error {
	if c.dials.QueriesPerWindow <= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := c.caller.Object + "|" + c.caller.Tenant
	win := s.windows[key]
	if win == nil || c.now.Sub(win.began) >= windowLength {
		win = &window{began: c.now}
		s.windows[key] = win
	}
	win.used++
	resets := int(math.Ceil(win.began.Add(windowLength).Sub(c.now).Seconds()))
	h := w.Header()
	h.Set("x-ms-user-quota-remaining", strconv.Itoa(max(c.dials.QueriesPerWindow-win.used, 0)))
	h.Set("x-ms-user-quota-resets-after", fmt.Sprintf("00:00:%02d", resets))
	if win.used <= c.dials.QueriesPerWindow {
		return nil
	}
	r := deny(http.StatusTooManyRequests, "RateLimiting", "Please provide below info when asking for support: timestamp = %s, correlationId = %s.",
		c.now.Format(time.RFC3339Nano), h.Get("x-ms-correlation-request-id"))
	r.details = []any{fault{Code: "RateLimiting", Message: "Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed."}}
	r.wait = resets
	return r
}

// bucket holds the reads a caller has left on a subscription or tenant.
type bucket struct {
	left   float64
	filled time.Time
}

// takeRead takes one read out of the bucket and says how many remain.
func (s *Service) takeRead(w http.ResponseWriter, c call) error {
	if c.dials.ReadBucket <= 0 {
		return nil
	}
	scope, name := "tenant "+c.caller.Tenant, "x-ms-ratelimit-remaining-tenant-reads"
	if c.subscription != nil {
		scope, name = c.subscription.ID, "x-ms-ratelimit-remaining-subscription-reads"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[c.caller.Object+"|"+scope]
	if b == nil {
		b = &bucket{left: float64(c.dials.ReadBucket), filled: c.now}
		s.buckets[c.caller.Object+"|"+scope] = b
	}
	refill := c.now.Sub(b.filled).Seconds() * float64(c.dials.ReadsPerSecond)
	b.left, b.filled = min(b.left+max(refill, 0), float64(c.dials.ReadBucket)), c.now
	if b.left < 1 {
		w.Header().Set(name, "0")
		r := deny(http.StatusTooManyRequests, "SubscriptionRequestsThrottled", "Number of requests for '%s' exceeded the limit. Please try again after '1' seconds.", scope)
		r.wait = 1
		return r
	}
	b.left--
	w.Header().Set(name, strconv.Itoa(int(b.left)))
	return nil
}
