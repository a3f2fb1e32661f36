package graph

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
)

// Dials change how the service behaves. The zero value limits nothing.
type Dials struct {
	// Units is how many resource units an app has in a tenant in ten seconds;
	// each call costs one. 0 lifts the limit.
	Units int `json:"units"`
}

// windowLength is how long units are counted together.
const windowLength = 10 * time.Second

// told is the share of the limit from which on the answers tell it.
const told = 0.8

// Set changes the dials.
func (s *Service) Set(change func(*Dials)) {
	d := s.Dials()
	change(&d)
	s.units.Store(int64(d.Units))
}

// Dials is a copy of the dials.
func (s *Service) Dials() Dials { return Dials{Units: int(s.units.Load())} }

// take counts a call and warns of the limit, or refuses.
func (s *Service) take(w http.ResponseWriter, caller bearer.Claims) error {
	limit := s.Dials().Units
	if limit <= 0 {
		return nil
	}
	use := s.used.Take(caller.App+"|"+caller.Tenant, 1, windowLength, s.world.Now())
	h := w.Header()
	h.Set("x-ms-resource-unit", "1")
	if share := float64(use.Used) / float64(limit); share >= told {
		h.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(min(share, 1.8), 'f', 2, 64))
	}
	if use.Used <= limit {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(use.Resets.Seconds()))))
	h.Set("x-ms-throttle-scope", fmt.Sprintf("Tenant_Application/ReadWrite/%s/%s", caller.App, caller.Tenant))
	h.Set("x-ms-throttle-information", "ResourceUnitLimitExceeded")
	return refusal{http.StatusTooManyRequests, "TooManyRequests", "Too many requests."}
}
