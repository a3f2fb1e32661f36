package world

import (
	"math/rand/v2"
	"slices"
	"time"
)

// product is one licence product as Microsoft publishes it: the ids are the
// same in every tenant.
type product struct {
	sku, part, name, offer string
	plans                  []Plan
}

var products = []product{
	{
		"cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "SPB", "Microsoft 365 Business Premium", "CFQ7TTC0LCHC:0002:CFQ7TTC0WDMX",
		[]Plan{
			{"9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD"},
			{"57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1"},
			{"c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A"},
		},
	},
	{
		"3b555118-da6a-4418-894f-7df1e2096870", "O365_BUSINESS_ESSENTIALS", "Microsoft 365 Business Basic", "CFQ7TTC0LH18:0001:CFQ7TTC0HL8W",
		[]Plan{
			{"9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD"},
			{"c7699d2e-19aa-44de-8edf-1736da088ca1", "SHAREPOINTSTANDARD"},
		},
	},
	{
		"6fd2c87f-b296-42f0-b197-1e91e994b900", "ENTERPRISEPACK", "Office 365 E3", "CFQ7TTC0LF8R:0001:CFQ7TTC0HHS5",
		[]Plan{
			{"efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE"},
			{"57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1"},
		},
	},
	{
		"05e9a617-0261-4cee-bb44-138d3ef5d965", "SPE_E3", "Microsoft 365 E3", "CFQ7TTC0LFLX:0001:CFQ7TTC0K18P",
		[]Plan{
			{"efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE"},
			{"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM"},
		},
	},
	{
		"4b9405b0-7788-4568-add1-99614e613b69", "EXCHANGESTANDARD", "Exchange Online (Plan 1)", "CFQ7TTC0LH16:0001:CFQ7TTC0K971",
		[]Plan{{"9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD"}},
	},
	{
		"c5928f49-12ba-48f7-ada3-0d743a3601d5", "VISIOCLIENT", "Visio Plan 2", "CFQ7TTC0HD32:0002:CFQ7TTC0KZ9V",
		[]Plan{{"663a804f-1c30-4ff0-9915-9db84f0d1cea", "VISIO_CLIENT_SUBSCRIPTION"}},
	},
}

// freeProduct is one that tenants have in absurd quantities at no cost.
var freeProduct = product{
	"f30db892-07e9-47e9-837c-80727f46fd3d", "FLOW_FREE", "Microsoft Power Automate Free", "",
	[]Plan{{"50e68c76-46c6-4674-81f9-75456511b170", "FLOW_P2_VIRAL"}},
}

// seedLicences gives the customer one to three paid products, each with the
// Partner Center subscription it was sold by, and sometimes a free one.
func seedLicences(rng *rand.Rand, c *Customer, now time.Time) {
	order := rng.Perm(len(products))
	for _, at := range order[:1+rng.IntN(3)] {
		p := products[at]
		seats := c.UserCount + rng.IntN(20)
		c.SKUs = append(c.SKUs, p.licence(seats, rng.IntN(seats+1)))
		c.Offers = append(c.Offers, Offer{
			ID: guid(rng), OfferID: p.offer, Name: p.name, Quantity: seats, UnitType: "Licenses", Status: "active",
			BillingType: "license", OrderID: guid(rng)[:13], Created: now.AddDate(0, 0, -20-rng.IntN(340)).Truncate(time.Second),
		})
	}
	if rng.IntN(3) == 0 {
		c.SKUs = append(c.SKUs, freeProduct.licence(10000, rng.IntN(c.UserCount)))
	}
}

func (p product) licence(enabled, consumed int) SKU {
	return SKU{
		SkuID: p.sku, PartNumber: p.part, Name: p.name, CapabilityStatus: "Enabled",
		Enabled: enabled, Consumed: consumed, Plans: slices.Clone(p.plans),
	}
}

// lapseLicence breaks the customer's first licence in one of three ways.
func lapseLicence(rng *rand.Rand, c *Customer, kind int) {
	s := &c.SKUs[0]
	switch kind % 3 {
	case 0: // more people have it than were paid for
		s.Consumed = s.Enabled + 1 + rng.IntN(5)
	case 1: // payment is late: usable for now
		s.CapabilityStatus, s.Warning, s.Enabled = "Warning", s.Enabled, 0
	default: // cut off, assignments still there
		s.CapabilityStatus, s.Suspended, s.Enabled = "Suspended", s.Enabled, 0
		c.Offers[0].Status = "suspended"
	}
}
