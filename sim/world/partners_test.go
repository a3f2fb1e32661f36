package world_test

import (
	"slices"
	"testing"

	"github.com/samkeeper/samkeeper/sim/world"
)

func TestPartners(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{Seed: 1, Customers: 4})
	all := w.Customers()
	for i, partners := range [][]string{nil, {world.SecondPartnerTenantID}, {world.PartnerTenantID, world.SecondPartnerTenantID}} {
		w.Mutate(all[i].TenantID, func(c *world.Customer) { c.Partners = partners })
	}
	for partner, want := range map[string][]string{
		world.PartnerTenantID:       {all[0].TenantID, all[2].TenantID, all[3].TenantID},
		world.SecondPartnerTenantID: {all[1].TenantID, all[2].TenantID},
		all[0].TenantID:             {},
	} {
		got := []string{}
		for _, c := range w.CustomersOf(partner) {
			got = append(got, c.TenantID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("customers of %s: %v, want %v", partner, got, want)
		}
	}
	if !world.IsPartner(world.PartnerTenantID) || !world.IsPartner(world.SecondPartnerTenantID) || world.IsPartner(all[0].TenantID) {
		t.Error("the partner tenants are two")
	}
	for _, name := range []string{world.SecondPartnerTenantID, "Second-Partner.example"} {
		if tid, ok := w.TenantByName(name); !ok || tid != world.SecondPartnerTenantID {
			t.Errorf("tenant %s: %q, %v", name, tid, ok)
		}
	}
	if u, ok := w.User(world.SecondPartnerTenantID, world.SecondIntegrationUPN); !ok || u.Object != world.SecondIntegrationUserID || !u.MFA {
		t.Errorf("the second partner's account: %+v, %v", u, ok)
	}
	if u, ok := w.User(world.PartnerTenantID, world.StandbyUserID); !ok || !u.MFA || u.Guest || u.Disabled {
		t.Errorf("the standby account: %+v, %v", u, ok)
	}
}
