// Package limits turns the limits of all simulated services on and off
// together, and tells how many answers were refusals for too many requests.
//
// The numbers are the published ones as of 2026-11, where any are; FIDELITY.md
// says which are assumed.
package limits

import (
	"net/http"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/entra"
	"github.com/samkeeper/samkeeper/sim/graph"
	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/record"
)

// The limits that Publish sets.
const (
	PartnerCenterCalls = 500   // a minute, by partner tenant
	GraphUnits         = 3_500 // in 10 s, by app and tenant: the smallest tenants'
	Redemptions        = 200   // a minute, by app and tenant: assumed
	Queries            = 15    // of Resource Graph in 5 s, by user and tenant
	Reads              = 250   // of ARM at once, by principal and subscription
	ReadsPerSecond     = 25    // more of them
)

// Services are those that have limits.
type Services struct {
	Login         *entra.Server
	PartnerCenter *partnercenter.Service
	Graph         *graph.Service
	ARM           *arm.Service
}

// Publish makes all services enforce the published limits, or only those that
// the simulator starts with (ARM's and Resource Graph's).
func (s Services) Publish(on bool) {
	of := func(limit int) int {
		if on {
			return limit
		}
		return 0
	}
	s.Login.Set(func(d *entra.Dials) { d.Redemptions = of(Redemptions) })
	s.PartnerCenter.Set(func(d *partnercenter.Dials) { d.CallsPerMinute = of(PartnerCenterCalls) })
	s.Graph.Set(func(d *graph.Dials) { d.Units = of(GraphUnits) })
	s.ARM.Set(func(d *arm.Dials) {
		d.QueriesPerWindow, d.ReadBucket, d.ReadsPerSecond = Queries, Reads, ReadsPerSecond
	})
}

// Share is how many of the answers were refusals for too many requests.
type Share struct {
	Host     string  `json:"host,omitempty"` // logical host; empty: all
	Answers  int     `json:"answers"`
	Refused  int     `json:"refused"` // with 429
	Loops    int     `json:"loops"`   // with 400 and AADSTS50196: the login host's
	Fraction float64 `json:"fraction"`
}

// add counts answers and keeps the fraction.
func (s *Share) add(answers, refused, loops int) {
	s.Answers, s.Refused, s.Loops = s.Answers+answers, s.Refused+refused, s.Loops+loops
	if s.Answers > 0 {
		s.Fraction = float64(s.Refused+s.Loops) / float64(s.Answers)
	}
}

// Shares lists the upstream hosts that answered, and all of them together
// last. The managed identity, which is the platform's, is left out.
func (s Services) Shares(counts []record.Count) []Share {
	all, byHost := Share{}, []Share{}
	for _, c := range counts {
		if c.Host == "identity" || c.Host == "control" {
			continue
		}
		if n := len(byHost); n == 0 || byHost[n-1].Host != c.Host { // counts come ordered by host
			loops := 0
			if c.Host == "login" {
				loops = s.Login.Loops()
			}
			byHost = append(byHost, Share{Host: c.Host})
			byHost[n].add(0, 0, loops)
			all.add(0, 0, loops)
		}
		refused := 0
		if c.Status == http.StatusTooManyRequests {
			refused = c.Count
		}
		byHost[len(byHost)-1].add(c.Count, refused, 0)
		all.add(c.Count, refused, 0)
	}
	return append(byHost, all)
}
