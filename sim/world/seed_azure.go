package world

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// covered says how a resource type is named and whether Resource Health has
// an opinion on it.
type covered struct {
	kind, prefix, variant string
	health                bool
}

var resourceTypes = []covered{
	{"Microsoft.Compute/virtualMachines", "vm", "", true},
	{"Microsoft.Compute/virtualMachines", "vm", "", true},
	{"Microsoft.Storage/storageAccounts", "st", "StorageV2", true},
	{"Microsoft.Web/sites", "app", "app", true},
	{"Microsoft.Sql/servers/databases", "sql", "v12.0,user", true},
	{"Microsoft.KeyVault/vaults", "kv", "", true},
	{"Microsoft.Network/virtualNetworkGateways", "vgw", "", true},
	{"Microsoft.Network/virtualNetworks", "vnet", "", false},
	{"Microsoft.Network/networkSecurityGroups", "nsg", "", false},
	{"Microsoft.Compute/disks", "disk", "", false},
	{"Microsoft.OperationalInsights/workspaces", "log", "", false},
}

var groupNames = []string{"rg-prod", "rg-network", "rg-shared", "rg-test", "rg-backup", "RG-Legacy"}

// addSubscription gives the customer one more healthy subscription, sold as a
// legacy Azure offer (one in five) or covered by the customer's Azure plan.
func addSubscription(rng *rand.Rand, c *Customer, now time.Time) {
	s := &Subscription{
		ID: guid(rng), Name: subscriptionName(len(c.Subscriptions)), State: "Enabled", QuotaID: "CSP_2015-05-01",
	}
	for _, at := range rng.Perm(len(groupNames))[:1+rng.IntN(3)] {
		s.Groups = append(s.Groups, ResourceGroup{Name: groupNames[at], Location: c.Region})
	}
	for i := range 3 + rng.IntN(10) {
		s.Resources = append(s.Resources, seedResource(rng, s, i, c.Region, now))
	}
	seedQuietAlerts(rng, s, now)
	seedEvents(rng, s, c.Region, now)
	c.Subscriptions = append(c.Subscriptions, s)
	sellAzure(rng, c, s, now)
}

func subscriptionName(at int) string {
	if at == 0 {
		return "Azure subscription 1"
	}
	return fmt.Sprintf("Production %d", at+1)
}

// seedResource makes a healthy resource; every subscription's first one is a
// virtual machine, so that there is always something that can fall ill.
func seedResource(rng *rand.Rand, s *Subscription, i int, region string, now time.Time) Resource {
	t := resourceTypes[0]
	if i > 0 {
		t = pick(rng, resourceTypes)
	}
	name := fmt.Sprintf("%s-%02d", t.prefix, i+1)
	switch t.prefix {
	case "st":
		name = fmt.Sprintf("st%s%02d", s.ID[:8], i+1)
	case "sql":
		name = fmt.Sprintf("sqlsrv-%s/erp%02d", s.ID[:4], i+1)
	}
	r := Resource{Group: pick(rng, s.Groups).Name, Type: t.kind, Name: name, Location: region, Kind: t.variant}
	if t.health {
		since := now.Add(-time.Duration(1+rng.IntN(2000)) * time.Hour).Truncate(time.Second)
		r.Health = &Health{
			State: "Available", Previous: "Unknown", Title: "Available", Chronicity: "Persistent",
			Summary: "There aren't any known Azure platform problems affecting this resource.", Occurred: since, Reported: since,
		}
		if rng.IntN(25) == 0 {
			r.Health.State, r.Health.Previous, r.Health.Title = "Unknown", "Available", "Unknown"
			r.Health.Summary = "We're currently unable to determine the health of this resource."
		}
	}
	return r
}

// sellAzure puts the subscription into Partner Center's books.
func sellAzure(rng *rand.Rand, c *Customer, s *Subscription, now time.Time) {
	bought := now.AddDate(0, 0, -40-rng.IntN(500)).Truncate(time.Second)
	if rng.IntN(5) == 0 {
		c.Offers = append(c.Offers, Offer{
			ID: guid(rng), OfferID: "MS-AZR-0145P", Name: "Microsoft Azure", Quantity: 1, UnitType: "Usage-based",
			Status: "active", BillingType: "usage", EntitlementID: s.ID, OrderID: guid(rng)[:13], Created: bought, Azure: true,
		})
		return
	}
	for _, o := range c.Offers {
		if o.OfferID == "DZH318Z0BPS6:0001:DZH318Z0BMP4" {
			return
		}
	}
	c.Offers = append(c.Offers, Offer{
		ID: guid(rng), OfferID: "DZH318Z0BPS6:0001:DZH318Z0BMP4", Name: "Azure plan", Quantity: 1, UnitType: "none",
		Status: "active", BillingType: "usage", OrderID: guid(rng)[:13], Created: bought, Azure: true,
	})
}
