package partnercenter

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/samkeeper/samkeeper/sim/world"
)

// listCustomers pages through the customers, all or those of a filter.
func (s *Service) listCustomers(c call) (reply, error) {
	all, err := filterCustomers(s.world.CustomersOf(c.caller.Tenant), c.URL.Query().Get("filter"))
	if err != nil {
		return reply{}, err
	}
	p, err := readPage(c.Request, c.now)
	if err != nil {
		return reply{}, err
	}
	from := min(p.from, len(all))
	rows := all[from:min(from+p.size, len(all))]
	items := make([]customer, len(rows))
	for i, row := range rows {
		items[i] = brief(row)
	}
	return ok(collect(items, p.links(len(all), c.now)))
}

// customerFilter is the one documented kind of filter.
type customerFilter struct{ Field, Value, Operator string }

func filterCustomers(all []*world.Customer, text string) ([]*world.Customer, error) {
	if text == "" {
		return all, nil
	}
	bad := refusal{http.StatusBadRequest, 3000, "The filter is not valid: want Field, Value and Operator starts_with."}
	var f customerFilter
	if json.Unmarshal([]byte(text), &f) != nil || f.Operator != "starts_with" {
		return nil, bad
	}
	field := func(c *world.Customer) string { return c.Name }
	switch f.Field {
	case "CompanyName":
	case "Domain":
		field = func(c *world.Customer) string { return c.Domain }
	default:
		return nil, bad
	}
	prefix := strings.ToLower(f.Value)
	var found []*world.Customer
	for _, c := range all {
		if strings.HasPrefix(strings.ToLower(field(c)), prefix) {
			found = append(found, c)
		}
	}
	return found, nil
}

// brief is a customer as the list shows it.
func brief(c *world.Customer) customer {
	relationship := "reseller"
	if c.NoReseller {
		relationship = "none"
	}
	return customer{
		ID: c.TenantID, CommerceID: world.DerivedID(c.TenantID, "commerce"), Relationship: relationship,
		CompanyProfile: profile(c, false),
		Links:          &selfLinks{get("/customers/" + c.TenantID)},
		Attributes:     attributes{ObjectType: "Customer"},
	}
}

// profile leaves out what needs a role in the customer's directory.
func profile(c *world.Customer, full bool) companyProfile {
	p := companyProfile{
		TenantID: c.TenantID, Domain: c.Domain, CompanyName: c.Name,
		Links:      &selfLinks{get("/customers/" + c.TenantID + "/profiles/company")},
		Attributes: attributes{ObjectType: "CustomerCompanyProfile"},
	}
	if full && c.Administered() {
		p.Address, p.Email = &address{c.Country}, "office@"+c.Domain
	}
	return p
}

func (s *Service) getCustomer(c call) (reply, error) {
	found, err := s.customer(c)
	if err != nil {
		return reply{}, err
	}
	full := brief(found)
	full.CompanyProfile = profile(found, true)
	full.BillingProfile = &billingProfile{
		ID: world.DerivedID(found.TenantID, "billing"), Email: "office@" + found.Domain, Culture: "en-US", Language: "en",
		CompanyName: found.Name, DefaultAddress: address{found.Country},
		Links:      &selfLinks{get("/customers/" + found.TenantID + "/profiles/billing")},
		Attributes: attributes{Etag: etag(found.TenantID), ObjectType: "CustomerBillingProfile"},
	}
	// Delegated admin privileges of the old kind are gone everywhere.
	full.AllowDelegatedAccess = new(bool)
	if found.Administered() {
		full.CustomDomains = []string{found.Domain}
	}
	return ok(full)
}

func (s *Service) getCompany(c call) (reply, error) {
	found, err := s.customer(c)
	if err != nil {
		return reply{}, err
	}
	return ok(profile(found, true))
}

// etag is stable for what it stands for.
func etag(id string) string { return world.DerivedID(id, "etag")[:18] }
