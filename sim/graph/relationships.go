package graph

import (
	"encoding/base64"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

type relationship struct {
	Type          string        `json:"@odata.type"`
	Etag          string        `json:"@odata.etag"`
	ID            string        `json:"id"`
	DisplayName   string        `json:"displayName"`
	Duration      string        `json:"duration"`
	Customer      *tenantRef    `json:"customer"`
	AccessDetails accessDetails `json:"accessDetails"`
	Status        string        `json:"status"`
	AutoExtend    string        `json:"autoExtendDuration"`
	Created       string        `json:"createdDateTime"`
	Modified      string        `json:"lastModifiedDateTime"`
	Activated     *string       `json:"activatedDateTime"`
	Ends          *string       `json:"endDateTime"`
}

type tenantRef struct {
	TenantID    string `json:"tenantId"`
	DisplayName string `json:"displayName"`
}

type accessDetails struct {
	Roles []roleRef `json:"unifiedRoles"`
}

type roleRef struct {
	ID string `json:"roleDefinitionId"`
}

// tick is how Graph writes times here: seven digits of a second.
const tick = "2006-01-02T15:04:05.0000000Z"

// largestRelationships is the page limit of the list, and its default.
const largestRelationships = 300

// relationships lists those of the partner with all customers, in any state.
func (s *Service) relationships(c call) (any, error) {
	if c.customer != nil {
		return nil, denied
	}
	wanted, err := parseFilter(c.query.filter, "status", "customer/tenantId", "displayName")
	if err != nil {
		return nil, err
	}
	size := c.query.size(largestRelationships, largestRelationships)
	var rows []any
	for at, r := range s.all(c, wanted) {
		if len(rows) == size {
			return s.list(c, relationshipSet, rows, &at)
		}
		rows = append(rows, r)
	}
	return s.list(c, relationshipSet, rows, nil)
}

const relationshipSet = "tenantRelationships/delegatedAdminRelationships"

// walked are the customers whose relationships are looked at.
func (s *Service) walked(c call, wanted filter) []*world.Customer {
	id, one := wanted.value("customer/tenantId")
	if !one {
		return s.world.CustomersOf(c.caller.Tenant)
	}
	if found, ok := s.world.Customer(id); ok && found.ServedBy(c.caller.Tenant) {
		return []*world.Customer{found}
	}
	return nil
}

// all walks the relationships from the place of the query on. A filter on one
// customer looks at that customer only.
func (s *Service) all(c call, wanted filter) iter.Seq2[place, relationship] {
	customers := s.walked(c, wanted)
	return func(yield func(place, relationship) bool) {
		start := c.query.place
		for outer := start.outer; outer < len(customers); outer++ {
			for inner, r := range relationshipsOf(customers[outer], c.now) {
				if outer == start.outer && inner < start.inner || !wanted.matches(r.field) {
					continue
				}
				if !yield(place{outer, inner}, r) {
					return
				}
			}
		}
	}
}

// field is the value a filter path names.
func (r relationship) field(path string) string {
	switch path {
	case "status":
		return r.Status
	case "displayName":
		return r.DisplayName
	default:
		return r.Customer.TenantID
	}
}

// relationshipsOf lists a customer's: those without effect, then the active one.
func relationshipsOf(c *world.Customer, now time.Time) []relationship {
	var all []relationship
	for _, past := range c.Relationships {
		r := newRelationship(c, past.ID, past.Name, past.Status, past.Start, past.Ends)
		if past.Status == "approvalPending" {
			r.Activated, r.Ends = nil, nil
		}
		all = append(all, r)
	}
	if !c.GDAP {
		return all
	}
	active := newRelationship(c, c.RelationshipID(), c.Name+" managed services "+c.TenantID[:8], "active", c.RelationshipStart, c.EndsAt(now))
	if c.AutoExtend {
		active.AutoExtend = "P180D"
	}
	return append(all, active)
}

func newRelationship(c *world.Customer, id, name, status string, start, ends time.Time) relationship {
	activated, end := start.Add(2*time.Minute).Format(tick), ends.Format(tick)
	return relationship{
		Type: "#microsoft.graph.delegatedAdminRelationship",
		Etag: `W/"` + base64.StdEncoding.EncodeToString([]byte(id[:16])) + `"`,
		ID:   id, DisplayName: name, Duration: fmt.Sprintf("P%dD", max(int(ends.Sub(start).Hours()/24), 1)),
		Customer: &tenantRef{c.TenantID, c.Name}, AccessDetails: accessDetails{roleRefs(c.ApprovedRoles())}, Status: status, AutoExtend: "PT0S",
		Created: start.Format(tick), Modified: activated, Activated: &activated, Ends: &end,
	}
}

// relationship finds one by id; the ids are not indexed, this is a rare call.
func (s *Service) relationship(c call) (any, error) {
	if c.customer != nil {
		return nil, denied
	}
	for _, r := range s.all(call{caller: c.caller, query: query{}, now: c.now}, nil) {
		if r.ID == c.PathValue("id") {
			return r, nil
		}
	}
	return nil, refusal{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + c.PathValue("id") + "' does not exist."}
}
