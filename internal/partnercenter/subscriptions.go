package partnercenter

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Subscription is something the partner sold to a customer: licences, or a
// meter for Azure.
type Subscription struct {
	ID          string
	OfferID     string
	OfferName   string
	Name        string // friendly name
	Status      string // none, active, pending, suspended, deleted
	UnitType    string
	BillingType string // none, license, usage
}

// Subscriptions lists what the partner sold to one customer.
func (c *Client) Subscriptions(ctx context.Context, cred azcore.TokenCredential, customer sam.CustomerID) ([]Subscription, error) {
	s := c.begin(cred, "list Partner Center subscriptions", customer)
	var all []Subscription
	err := s.all(ctx, "/v1/customers/"+string(customer)+"/subscriptions", func(raw json.RawMessage) error {
		sub, err := decodeSubscription(raw)
		all = append(all, sub)
		return err
	})
	if err != nil {
		return nil, s.problem(err)
	}
	return all, nil
}

// decodeSubscription reads the fields we use; dates are left alone, since the
// published samples hold dates that no parser accepts.
func decodeSubscription(raw json.RawMessage) (Subscription, error) {
	var item struct {
		ID          string `json:"id"`
		OfferID     string `json:"offerId"`
		OfferName   string `json:"offerName"`
		Name        string `json:"friendlyName"`
		Status      string `json:"status"`
		UnitType    string `json:"unitType"`
		BillingType string `json:"billingType"`
	}
	if err := json.Unmarshal(raw, &item); err != nil {
		return Subscription{}, fmt.Errorf("subscription item: %w", err)
	}
	return Subscription(item), nil
}

// azureOffers are the catalogue ids of metered Azure: the Azure plan of the
// new commerce and the CSP usage offer before it.
var azureOffers = []string{"DZH318Z0BPS6", "MS-AZR-0145P", "MS-AZR-0159P"}

// azureNames are the offer names of metered Azure, as they begin. Licences
// such as "Azure Information Protection" or "Azure Active Directory Premium"
// do not begin so.
var azureNames = []string{"azure plan", "microsoft azure"}

// IsAzure reports whether this is metered Azure, so that the customer has
// Azure subscriptions even when we cannot see one. Any of three signs is
// enough, because none is always filled: the catalogue id of the offer, its
// name, or billing by usage. A deleted subscription is none; a suspended one
// still has resources.
func (s Subscription) IsAzure() bool {
	if status := strings.ToLower(s.Status); status == "deleted" || status == "none" {
		return false
	}
	for _, id := range azureOffers {
		if strings.HasPrefix(strings.ToUpper(s.OfferID), id) {
			return true
		}
	}
	name := strings.ToLower(strings.TrimSpace(s.OfferName))
	for _, begin := range azureNames {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return strings.EqualFold(s.BillingType, "usage") || strings.EqualFold(s.UnitType, "usage")
}
