package graph

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// assignment gives a security group of the partner roles of a relationship.
type assignment struct {
	Type      string        `json:"@odata.type"`
	Etag      string        `json:"@odata.etag"`
	ID        string        `json:"id"`
	Status    string        `json:"status"` // pending active deleting deleted error
	Created   string        `json:"createdDateTime"`
	Modified  string        `json:"lastModifiedDateTime"`
	Container container     `json:"accessContainer"`
	Access    accessDetails `json:"accessDetails"`
}

type container struct {
	ID   string `json:"accessContainerId"`
	Type string `json:"accessContainerType"`
}

func roleRefs(ids []string) []roleRef {
	refs := make([]roleRef, len(ids))
	for i, id := range ids {
		refs[i] = roleRef{id}
	}
	return refs
}

// indexActive is made once: the ids of active relationships follow from the
// customers, which are the same for ever.
func (s *Service) indexActive() map[string]string {
	index := map[string]string{}
	for _, c := range s.world.Customers() {
		index[c.RelationshipID()] = c.TenantID
	}
	return index
}

// assignments lists the groups of one relationship, those of the past too. A
// relationship that is not active has none left.
func (s *Service) assignments(c call) (any, error) {
	if c.customer != nil {
		return nil, denied
	}
	var rows []any
	id := c.PathValue("id")
	if owner, ok := s.world.Customer(s.active()[id]); ok && owner.GDAP && owner.ServedBy(c.caller.Tenant) {
		for _, a := range assignmentsOf(owner, c.caller.Tenant) {
			rows = append(rows, a)
		}
	} else if _, err := s.relationship(c); err != nil {
		return nil, err
	}
	return s.list(c, "tenantRelationships/accessAssignments", rows, nil)
}

// assignmentsOf are the operators' group with what it has, and a service desk
// with everything that was approved. Where the operators were taken out, the
// trace of it is left.
func assignmentsOf(c *world.Customer, partner string) []assignment {
	to := func(g world.Group, status string, roles []string) assignment {
		id := world.DerivedID(c.TenantID, "assignment", g.ID)
		at := c.RelationshipStart.Add(10 * time.Minute).Format(tick)
		return assignment{
			Type: "#microsoft.graph.delegatedAdminAccessAssignment", Etag: `W/"` + base64.StdEncoding.EncodeToString([]byte(id[:16])) + `"`,
			ID: id, Status: status, Created: at, Modified: at,
			Container: container{g.ID, "securityGroup"}, Access: accessDetails{roleRefs(roles)},
		}
	}
	own := to(world.Operators(partner), "active", c.AssignedRoles())
	if c.Unassigned {
		own = to(world.Operators(partner), "deleted", c.ApprovedRoles())
	}
	return []assignment{to(world.ServiceDesk(partner), "active", c.ApprovedRoles()), own}
}

// membership is a group or directory role that an account is in.
type membership struct {
	Type     string `json:"@odata.type"`
	ID       string `json:"id"`
	Name     string `json:"displayName"`
	Mail     bool   `json:"mailEnabled"`
	Security bool   `json:"securityEnabled"`
}

// memberships lists where the caller itself is a member, nested groups
// included; only for accounts of a partner.
func (s *Service) memberships(c call) (any, error) {
	user, known := s.world.User(c.caller.Tenant, c.caller.Object)
	if c.customer != nil || !known {
		return nil, refusal{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + c.caller.Object + "' does not exist."}
	}
	rows := []any{membership{Type: "#microsoft.graph.directoryRole", ID: world.DerivedID(user.Tenant, "role", "readers"), Name: "Directory Readers"}}
	for _, g := range user.Groups() {
		rows = append(rows, membership{Type: "#microsoft.graph.group", ID: g.ID, Name: g.Name, Security: true})
	}
	return s.list(c, "directoryObjects", rows, nil)
}
