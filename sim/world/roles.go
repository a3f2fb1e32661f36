package world

import "slices"

// Directory roles by their template ids, as relationships name them.
const (
	RoleDirectoryReaders = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	RoleGlobalReader     = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	RoleCloudAppAdmin    = "158c047a-c907-4556-b7ef-446551a6b5f7"
	RoleServiceSupport   = "f023fd81-a637-4b56-95fd-791ac0226033"
)

// Group is a security group of a partner tenant.
type Group struct{ ID, Name string }

// Operators is the group that a partner's relationships are assigned to.
func Operators(partner string) Group {
	return Group{DerivedID(partner, "group", "operators"), "samkeeper operators"}
}

// ServiceDesk is another group with roles at the customers; the integration
// account is not in it.
func ServiceDesk(partner string) Group {
	return Group{DerivedID(partner, "group", "service desk"), "Service desk"}
}

// AdminAgents is the group that Partner Center made.
func AdminAgents(partner string) Group {
	return Group{DerivedID(partner, "group", "admin agents"), "AdminAgents"}
}

// Groups are those a partner's account is in, nested ones included.
func (u User) Groups() []Group {
	if u.OutOfGroup {
		return []Group{AdminAgents(u.Tenant)}
	}
	return []Group{AdminAgents(u.Tenant), Operators(u.Tenant)}
}

// AssignedRoles are the directory roles that the operators' group has at the
// customer.
func (c *Customer) AssignedRoles() []string {
	if !c.GDAP || c.Unassigned {
		return nil
	}
	return c.granted()
}

// ApprovedRoles are those the relationship carries: what is assigned, and what
// could be assigned without asking the customer again.
func (c *Customer) ApprovedRoles() []string {
	roles := c.granted()
	for _, r := range c.Withheld {
		if !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	return roles
}

func (c *Customer) granted() []string {
	roles := []string{RoleGlobalReader, RoleDirectoryReaders}
	if c.GraphRefuses {
		roles = []string{RoleServiceSupport}
	}
	if c.ConsentRole {
		roles = append(roles, RoleCloudAppAdmin)
	}
	return roles
}

// Administered reports whether the operators' group may act in the customer's
// tenant at all.
func (c *Customer) Administered() bool { return c.GDAP && !c.Unassigned }

// RelationshipID is the id of the active relationship.
func (c *Customer) RelationshipID() string {
	return DerivedID(c.TenantID, "relationship") + "-" + DerivedID(PartnerTenantID, "gdap")
}
