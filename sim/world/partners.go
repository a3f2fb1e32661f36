package world

import "slices"

// A second partner tenant exists in every world. It has one account and no
// customer until a customer's Partners names it. The app is registered in the
// first partner tenant and installed in both.
const (
	SecondPartnerTenantID   = "11111111-1111-4111-8111-222222222222"
	SecondIntegrationUserID = "33333333-3333-4333-8333-222222222222"
	SecondIntegrationUPN    = "tess.second@second-partner.example"
	SecondPartnerName       = "Second Partner Example"
	SecondPartnerDomain     = "second-partner.example"
)

// StandbyUserID is a second account of the first partner tenant that may sign
// in with a second factor.
const StandbyUserID = "33333333-3333-4333-8333-333333333301"

// IsPartner reports whether the tenant is one of the partner tenants.
func IsPartner(tid string) bool { return tid == PartnerTenantID || tid == SecondPartnerTenantID }

// ServedBy reports whether the partner tenant has the customer in its books.
func (c *Customer) ServedBy(partner string) bool {
	if len(c.Partners) == 0 {
		return partner == PartnerTenantID
	}
	return slices.Contains(c.Partners, partner)
}

// CustomersOf lists the customers of one partner tenant, in the order of
// Customers. No lock.
func (w *World) CustomersOf(partner string) []*Customer {
	all := w.Customers()
	of := make([]*Customer, 0, len(all))
	for _, c := range all {
		if c.ServedBy(partner) {
			of = append(of, c)
		}
	}
	return of
}

// DelegatedTo lists the subscriptions that Azure Lighthouse projects into the
// tenant. No lock.
func (w *World) DelegatedTo(tenant string) []*Subscription {
	var all []*Subscription
	if tenant != PartnerTenantID {
		return nil
	}
	for _, c := range w.Customers() {
		if c.Lighthouse && !c.Gone {
			all = append(all, c.Subscriptions...)
		}
	}
	return all
}

// secondPartnerUser is the only account of the second partner tenant.
func secondPartnerUser() User {
	return User{
		Tenant: SecondPartnerTenantID, Object: SecondIntegrationUserID, UPN: SecondIntegrationUPN,
		Given: "Tess", Family: "Second", Name: "Tess Second", MFA: true, Admin: true,
	}
}
