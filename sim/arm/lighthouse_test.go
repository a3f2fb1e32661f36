package arm_test

import (
	"net/http"
	"testing"

	"github.com/samkeeper/samkeeper/sim/world"
)

// A delegated subscription shows in the partner's own tenant, with the tenant
// that owns it and the one that manages it, and nowhere in the customer's.
func TestDelegatedSubscriptions(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 2)
	own, other := b.world.Customers()[0], b.world.Customers()[1]
	b.world.Mutate(own.TenantID, func(c *world.Customer) { c.RBAC, c.Lighthouse = false, true })
	if got := b.get(t, "/subscriptions"+v, own.TenantID).rows(t); len(got) != 0 {
		t.Errorf("in the customer's tenant: %v", got)
	}
	got := b.get(t, "/subscriptions"+v, world.PartnerTenantID).rows(t)
	if len(got) != len(own.Subscriptions) {
		t.Fatalf("in the partner's tenant: %v", got)
	}
	managers, _ := got[0]["managedByTenants"].([]any)
	if got[0]["tenantId"] != own.TenantID || len(managers) != 1 {
		t.Errorf("subscription %v", got[0])
	}
	path := "/subscriptions/" + own.Subscriptions[0].ID
	if a := b.get(t, path+"/providers/Microsoft.ResourceHealth/availabilityStatuses"+v, world.PartnerTenantID); a.status != http.StatusOK {
		t.Errorf("its health: HTTP %d: %s", a.status, a.body)
	}
	if a := b.get(t, "/subscriptions/"+other.Subscriptions[0].ID+""+v, world.PartnerTenantID); a.status != http.StatusUnauthorized {
		t.Errorf("one that is not delegated: HTTP %d", a.status)
	}
	if got := b.get(t, "/subscriptions"+v, world.SecondPartnerTenantID).rows(t); len(got) != 0 {
		t.Errorf("in another partner's tenant: %v", got)
	}
}
