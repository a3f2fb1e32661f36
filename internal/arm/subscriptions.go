package arm

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"
)

// Enabled is the state of a subscription with nothing wrong.
const Enabled = "Enabled"

// Subscription is one Azure subscription the token may read.
type Subscription struct {
	ID     string `json:"id"` // GUID
	Name   string `json:"name"`
	State  string `json:"state"` // Enabled, Warned, PastDue, Disabled, Deleted
	Tenant string `json:"tenant"`
	Quota  string `json:"quota,omitempty"` // quotaId, tells the kind of offer
}

// Subscriptions lists the subscriptions of the token's tenant that its
// identity may read. An empty list is an answer: nothing may be read.
func (c *Client) Subscriptions(ctx context.Context, cred azcore.TokenCredential) ([]Subscription, error) {
	s := c.begin(cred, "list Azure subscriptions")
	client, err := armsubscriptions.NewClient(cred, s.options())
	if err != nil {
		return nil, s.problem(err)
	}
	all := []Subscription{}
	err = pages(ctx, client.NewListPager(nil), func(page armsubscriptions.ClientListResponse) {
		for _, sub := range page.Value {
			if sub != nil && sub.SubscriptionID != nil {
				all = append(all, subscription(sub))
			}
		}
	})
	if err != nil {
		return nil, s.problem(err)
	}
	return all, nil
}

func subscription(sub *armsubscriptions.Subscription) Subscription {
	out := Subscription{
		ID: value(sub.SubscriptionID), Name: value(sub.DisplayName),
		State: string(value(sub.State)), Tenant: value(sub.TenantID),
	}
	if p := sub.SubscriptionPolicies; p != nil {
		out.Quota = value(p.QuotaID)
	}
	return out
}

// ResourceGroup is one resource group.
type ResourceGroup struct {
	Name     string `json:"name"`
	Location string `json:"location"`
}

// ResourceGroups lists the groups of one subscription.
func (c *Client) ResourceGroups(ctx context.Context, cred azcore.TokenCredential, subscription string) ([]ResourceGroup, error) {
	s := c.begin(cred, "list resource groups")
	client, err := armresources.NewResourceGroupsClient(subscription, cred, s.options())
	if err != nil {
		return nil, s.problem(err)
	}
	all := []ResourceGroup{}
	err = pages(ctx, client.NewListPager(nil), func(page armresources.ResourceGroupsClientListResponse) {
		for _, g := range page.Value {
			if g != nil {
				all = append(all, ResourceGroup{value(g.Name), value(g.Location)})
			}
		}
	})
	if err != nil {
		return nil, s.problem(err)
	}
	return all, nil
}

// value is what a pointer of the SDK points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
