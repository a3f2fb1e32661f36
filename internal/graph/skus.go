package graph

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Sku is one licence the tenant has subscribed to.
type Sku struct {
	SkuID    string  `json:"skuId"`
	Name     string  `json:"skuPartNumber"`
	Status   string  `json:"capabilityStatus"` // Enabled, Warning, Suspended, LockedOut, Deleted
	Consumed int     `json:"consumedUnits"`
	Prepaid  Prepaid `json:"prepaidUnits"`
}

// Prepaid counts the seats by their state.
type Prepaid struct {
	Enabled   int `json:"enabled"`
	Suspended int `json:"suspended"`
	Warning   int `json:"warning"`
	LockedOut int `json:"lockedOut"`
}

// SubscribedSkus lists the tenant's licences.
func (c *Client) SubscribedSkus(ctx context.Context, cred azcore.TokenCredential) ([]Sku, error) {
	return list[Sku](ctx, c, cred, "list licences", "/v1.0/subscribedSkus")
}
