package control

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/entra"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/graph"
	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/world"
)

func (s *server) setFault(r *http.Request) (any, error) {
	var f faults.Fault
	if err := decode(r, &f); err != nil {
		return nil, err
	}
	id, err := s.Faults.Set(f)
	if err != nil {
		return nil, err
	}
	return map[string]string{"id": id}, nil
}

func (s *server) clearFaults(*http.Request) (any, error) {
	s.Faults.Clear()
	return map[string]any{"faults": s.Faults.Active()}, nil
}

func (s *server) removeFault(r *http.Request) (any, error) {
	if !s.Faults.Remove(r.PathValue("id")) {
		return nil, fmt.Errorf("%w fault %q", errUnknown, r.PathValue("id"))
	}
	return map[string]any{"faults": s.Faults.Active()}, nil
}

// services turns the dials of the services that have some. Members that are not
// named stay as they are; the answer is what holds from now on.
func (s *server) services(r *http.Request) (any, error) {
	body := struct {
		PartnerCenter partnercenter.Dials `json:"partnercenter"`
		ARM           arm.Dials           `json:"arm"`
		Graph         graph.Dials         `json:"graph"`
		Login         entra.Dials         `json:"login"`
	}{s.PartnerCenter.Dials(), s.ARM.Dials(), s.Limits.Graph.Dials(), s.Limits.Login.Dials()}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	s.PartnerCenter.Set(func(d *partnercenter.Dials) { *d = body.PartnerCenter })
	s.ARM.Set(func(d *arm.Dials) { *d = body.ARM })
	s.Limits.Graph.Set(func(d *graph.Dials) { *d = body.Graph })
	s.Limits.Login.Set(func(d *entra.Dials) { *d = body.Login })
	return body, nil
}

// publish turns the published limits of all services on or off.
func (s *server) publish(r *http.Request) (any, error) {
	var body struct {
		Published bool `json:"published"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	s.Limits.Publish(body.Published)
	return body, nil
}

// shares tells how many answers were refusals for too many requests.
func (s *server) shares(*http.Request) (any, error) {
	return map[string]any{"shares": s.Limits.Shares(s.Recorder.Counts())}, nil
}

func (s *server) clock(r *http.Request) (any, error) {
	var body struct {
		Advance      string `json:"advance"`
		ExpireTokens bool   `json:"expire_tokens"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if body.Advance != "" {
		d, err := time.ParseDuration(body.Advance)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("advance %q is not a duration forward in time", body.Advance)
		}
		s.World.Advance(d)
	}
	if body.ExpireTokens {
		s.World.ExpireTokens()
	}
	return map[string]string{"now": s.World.Now().Format(time.RFC3339)}, nil
}

// policyBody are the members of a sign-in policy that may be set; nil stays.
type policyBody struct {
	NotPreconsented  *bool     `json:"not_preconsented"`
	RequireMFA       *bool     `json:"require_mfa"`
	RequireFreshMFA  *bool     `json:"require_fresh_mfa"`
	WithoutRefresh   *bool     `json:"without_refresh"`
	MissingResources *[]string `json:"missing_resources"`
}

func (b policyBody) apply(p *world.SignInPolicy) {
	if b.NotPreconsented != nil { // what a consent ended before is forgotten
		p.NotPreconsented, p.Preconsented = *b.NotPreconsented, time.Time{}
	}
	set(&p.RequireMFA, b.RequireMFA)
	set(&p.RequireFreshMFA, b.RequireFreshMFA)
	set(&p.WithoutRefresh, b.WithoutRefresh)
	set(&p.MissingResources, b.MissingResources)
}

// customerBody is the access of a customer; nil stays.
type customerBody struct {
	Consented            *bool `json:"consented"`
	PrincipalLeft        *bool `json:"principal_left"`
	GDAP                 *bool `json:"gdap"`
	Unassigned           *bool `json:"unassigned"`
	RBAC                 *bool `json:"rbac"`
	Lighthouse           *bool `json:"lighthouse"`
	Blocked              *bool `json:"blocked"`
	Gone                 *bool `json:"gone"`
	NoReseller           *bool `json:"no_reseller"`
	ConsentRole          *bool `json:"consent_role"`
	GraphRefuses         *bool `json:"graph_refuses"`
	ResourceGraphRefuses *bool `json:"resource_graph_refuses"`

	Grants           *map[string][]string `json:"grants"`            // permissions by audience, in place of all
	Withheld         *[]string            `json:"withheld"`          // role template ids
	RelationshipEnds *time.Time           `json:"relationship_ends"` // takes effect for others to see; it stays active
	AutoExtend       *bool                `json:"auto_extend"`
	policyBody
}

func (b customerBody) change(c *world.Customer) {
	if b.Consented != nil {
		c.Consented, c.Grants, c.PrincipalKnown = *b.Consented, nil, time.Time{}
	}
	if b.Grants != nil {
		c.Grants = []world.AppGrant{}
		for _, audience := range slices.Sorted(maps.Keys(*b.Grants)) {
			c.Grants = append(c.Grants, world.AppGrant{Resource: audience, Scopes: (*b.Grants)[audience]})
		}
	}
	set(&c.PrincipalLeft, b.PrincipalLeft)
	set(&c.GDAP, b.GDAP)
	set(&c.Unassigned, b.Unassigned)
	set(&c.Withheld, b.Withheld)
	set(&c.RelationshipEnds, b.RelationshipEnds)
	set(&c.AutoExtend, b.AutoExtend)
	set(&c.RBAC, b.RBAC)
	set(&c.Lighthouse, b.Lighthouse)
	set(&c.Blocked, b.Blocked)
	set(&c.Gone, b.Gone)
	set(&c.NoReseller, b.NoReseller)
	set(&c.ConsentRole, b.ConsentRole)
	set(&c.GraphRefuses, b.GraphRefuses)
	set(&c.ResourceGraphRefuses, b.ResourceGraphRefuses)
}

// set copies a member that was given.
func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

func (s *server) customer(r *http.Request) (any, error) {
	tid := r.PathValue("tid")
	var body customerBody
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if !s.World.Mutate(tid, body.change) {
		return nil, fmt.Errorf("%w customer %q", errUnknown, tid)
	}
	s.World.SetPolicy(tid, body.apply)
	c, _ := s.World.Customer(tid)
	return map[string]any{
		"customer": tid, "name": c.Name, "consented": c.Consented, "gdap": c.GDAP,
		"rbac": c.RBAC, "blocked": c.Blocked, "gone": c.Gone, "policy": s.World.Policy(tid),
	}, nil
}

func (s *server) policy(r *http.Request) (any, error) {
	tid, ok := s.World.TenantByName(r.PathValue("tid"))
	if !ok {
		return nil, fmt.Errorf("%w tenant %q", errUnknown, r.PathValue("tid"))
	}
	var body policyBody
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	s.World.SetPolicy(tid, body.apply)
	return map[string]any{"tenant": tid, "policy": s.World.Policy(tid)}, nil
}
