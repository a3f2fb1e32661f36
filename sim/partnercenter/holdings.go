package partnercenter

import (
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// listSubscriptions shows what was sold to the customer, on one page.
func (s *Service) listSubscriptions(c call) (reply, error) {
	found, err := s.sold(c)
	if err != nil {
		return reply{}, err
	}
	items := make([]subscription, len(found.Offers))
	for i, o := range found.Offers {
		items[i] = sale(found.TenantID, o)
	}
	return ok(collect(items, nil))
}

func sale(tenant string, o world.Offer) subscription {
	self := "/customers/" + tenant + "/subscriptions/" + o.ID
	return subscription{
		ID: o.ID, OfferID: o.OfferID, OfferName: o.Name, EntitlementID: o.EntitlementID, FriendlyName: o.Name,
		Quantity: o.Quantity, UnitType: o.UnitType, CreationDate: stampOf(o.Created), EffectiveStart: stampOf(o.Created),
		CommitmentEnd: stampOf(o.Created.AddDate(1, 0, 0)), Status: o.Status, AutoRenewEnabled: !o.Azure,
		BillingType: o.BillingType, BillingCycle: "monthly", TermDuration: "P1Y", ContractType: "subscription",
		Links:   subscriptionLinks{get("/v1/offers/" + o.OfferID), get(self)},
		OrderID: o.OrderID, Attributes: attributes{Etag: etag(o.ID), ObjectType: "Subscription"},
	}
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (s *Service) listUsers(c call) (reply, error) {
	found, err := s.administered(c)
	if err != nil {
		return reply{}, err
	}
	members := found.Members()
	items := make([]user, len(members))
	for i, m := range members {
		items[i] = user{
			UsageLocation: found.Country, ID: m.Object, UserPrincipalName: m.UPN, FirstName: m.Given, LastName: m.Family,
			DisplayName: m.Name, UserDomainType: "none", State: "active",
			Links:      selfLinks{get("/customers/" + found.TenantID + "/users/" + m.Object)},
			Attributes: attributes{ObjectType: "CustomerUser"},
		}
	}
	return ok(collect(items, &collectionLinks{Self: get("/customers/" + found.TenantID + "/users")}))
}

func (s *Service) listSKUs(c call) (reply, error) {
	found, err := s.administered(c)
	if err != nil {
		return reply{}, err
	}
	items := make([]subscribedSKU, len(found.SKUs))
	for i, k := range found.SKUs {
		items[i] = subscribedSKU{
			AvailableUnits: max(k.Enabled-k.Consumed, 0), ActiveUnits: k.Enabled, ConsumedUnits: k.Consumed,
			SuspendedUnits: k.Suspended, WarningUnits: k.Warning, TotalUnits: k.Enabled + k.Suspended + k.Warning,
			ProductSKU:       productSKU{k.SkuID, k.Name, k.PartNumber, "User"},
			CapabilityStatus: k.CapabilityStatus, Attributes: attributes{ObjectType: "SubscribedSku"},
		}
	}
	return ok(collect(items, nil))
}

// listAdoption reports, per application, how many calls had a second factor.
func (s *Service) listAdoption(call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []adoptionStatus{}
	for app, a := range s.adoption {
		items = append(items, adoptionStatus{a.last.UTC().Format(time.DateOnly), a.compliant, a.total, app, "samkeeper"})
	}
	slices.SortFunc(items, func(a, b adoptionStatus) int { return strings.Compare(a.ApplicationID, b.ApplicationID) })
	return ok(items)
}
