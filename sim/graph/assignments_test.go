package graph_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/samkeeper/samkeeper/sim/world"
)

// roles lists a row's role ids.
func roles(t *testing.T, row map[string]any) []string {
	t.Helper()
	raw, err := json.Marshal(row["accessDetails"])
	if err != nil {
		t.Fatal(err)
	}
	var access struct {
		Roles []struct {
			ID string `json:"roleDefinitionId"`
		} `json:"unifiedRoles"`
	}
	if err := json.Unmarshal(raw, &access); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range access.Roles {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestWhoIsAssignedWhat(t *testing.T) {
	t.Parallel()
	readers := []string{world.RoleGlobalReader, world.RoleDirectoryReaders}
	all := append(slices.Clone(readers), world.RoleCloudAppAdmin)
	for name, row := range map[string]struct {
		change             func(*world.Customer)
		approved, assigned []string // assigned to the operators
		status             string
	}{
		"as seeded":       {func(*world.Customer) {}, all, all, "active"},
		"role not asked":  {func(c *world.Customer) { c.ConsentRole = false }, readers, readers, "active"},
		"role not given":  {func(c *world.Customer) { c.ConsentRole, c.Withheld = false, []string{world.RoleCloudAppAdmin} }, all, readers, "active"},
		"group taken out": {func(c *world.Customer) { c.Unassigned = true }, all, all, "deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := set(t, world.Shares{}, 3)
			b.world.Mutate(b.first(), row.change)
			rows, _ := b.walk(t, filtered(relationships, "customer/tenantId eq '"+b.first()+"' and status eq 'active'"), world.PartnerTenantID)
			if len(rows) != 1 || !slices.Equal(roles(t, rows[0]), row.approved) {
				t.Fatalf("relationship %v", rows)
			}
			id, _ := rows[0]["id"].(string)
			given, _ := b.walk(t, relationships+"/"+id+"/accessAssignments", world.PartnerTenantID)
			if len(given) != 2 {
				t.Fatalf("assignments %v", given)
			}
			container, _ := given[1]["accessContainer"].(map[string]any)
			if container["accessContainerId"] != world.Operators(world.PartnerTenantID).ID || given[1]["status"] != row.status || !slices.Equal(roles(t, given[1]), row.assigned) {
				t.Errorf("the operators have %v", given[1])
			}
			if other := roles(t, given[0]); !slices.Equal(other, row.approved) {
				t.Errorf("the service desk has %v", other)
			}
		})
	}
}

func TestAssignmentsOfEndedRelationships(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 2)
	c, _ := b.world.Customer(b.first())
	path := relationships + "/" + c.RelationshipID() + "/accessAssignments"
	if got := b.get(t, path, b.first()); got.status != 403 {
		t.Errorf("a customer's token: HTTP %d", got.status)
	}
	if got := b.get(t, relationships+"/none/accessAssignments", world.PartnerTenantID); got.status != 404 {
		t.Errorf("of none: HTTP %d", got.status)
	}
	b.world.Mutate(c.TenantID, func(c *world.Customer) { c.GDAP = false })
	if got := b.get(t, path, world.PartnerTenantID); got.status != 404 {
		t.Errorf("of an ended one: HTTP %d", got.status)
	}
}

func TestMemberships(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	names := func() []string {
		var all []string
		rows, _ := b.walk(t, "/v1.0/me/transitiveMemberOf?$select=id,displayName&$top=999", world.PartnerTenantID)
		for _, r := range rows {
			name, _ := r["displayName"].(string)
			all = append(all, name)
		}
		return all
	}
	if got := names(); !slices.Equal(got, []string{"Directory Readers", "AdminAgents", "samkeeper operators"}) {
		t.Errorf("memberships %q", got)
	}
	b.world.ChangeUser(world.IntegrationUserID, func(u *world.User) { u.OutOfGroup = true })
	if got := names(); !slices.Equal(got, []string{"Directory Readers", "AdminAgents"}) {
		t.Errorf("without the group: %q", got)
	}
	if got := b.get(t, "/v1.0/me/transitiveMemberOf", b.first()); got.status != 404 {
		t.Errorf("in a customer's tenant: HTTP %d", got.status)
	}
}
