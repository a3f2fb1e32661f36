package partnercenter

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// pageSize is the customers per page; the service accepts up to 500.
const pageSize = 500

// Customer is one row of the partner's customer list.
type Customer struct {
	ID           sam.CustomerID // the customer's tenant
	Name         string         // company name
	Domain       string         // initial domain
	Relationship string         // "reseller", "advisor", …; as written upstream
}

// Customers lists all customers of the partner over all pages, in upstream's
// order, each once. An item without a usable tenant id is an error: leaving a
// customer out in silence would be worse than failing the listing.
func (c *Client) Customers(ctx context.Context, cred azcore.TokenCredential) ([]Customer, error) {
	s := c.begin(cred, "list Partner Center customers", "")
	var all []Customer
	seen := map[sam.CustomerID]bool{}
	err := s.all(ctx, fmt.Sprintf("/v1/customers?size=%d", pageSize), func(raw json.RawMessage) error {
		customer, err := decodeCustomer(raw)
		if err == nil && !seen[customer.ID] {
			seen[customer.ID] = true
			all = append(all, customer)
		}
		return err
	})
	if err != nil {
		return nil, s.problem(err)
	}
	return all, nil
}

// decodeCustomer prefers the profile's tenant id and falls back to the item's
// id: both are the tenant, and the published sample fills only the second.
func decodeCustomer(raw json.RawMessage) (Customer, error) {
	var item struct {
		ID      string `json:"id"`
		Company struct {
			TenantID string `json:"tenantId"`
			Domain   string `json:"domain"`
			Name     string `json:"companyName"`
		} `json:"companyProfile"`
		Relationship string `json:"relationshipToPartner"`
	}
	if err := json.Unmarshal(raw, &item); err != nil {
		return Customer{}, fmt.Errorf("customer item: %w", err)
	}
	id, err := sam.ParseCustomerID(item.Company.TenantID)
	if err != nil {
		if id, err = sam.ParseCustomerID(item.ID); err != nil {
			return Customer{}, fmt.Errorf("customer item: %w", err)
		}
	}
	return Customer{
		ID: id, Name: item.Company.Name, Domain: item.Company.Domain,
		Relationship: item.Relationship,
	}, nil
}
