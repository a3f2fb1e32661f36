package graph

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Organization is the tenant the token was issued for.
type Organization struct {
	ID      sam.TenantID   `json:"id"`
	Name    string         `json:"displayName"`
	Country string         `json:"countryLetterCode"`
	Domains []VerifiedName `json:"verifiedDomains"`
}

// VerifiedName is one domain of an organization.
type VerifiedName struct {
	Name    string `json:"name"`
	Default bool   `json:"isDefault"`
	Initial bool   `json:"isInitial"`
}

// Organization reads the tenant's own record. It is the zero value when Graph
// answers with an empty list, which it does for accounts without any role.
func (c *Client) Organization(ctx context.Context, cred azcore.TokenCredential) (Organization, error) {
	all, err := list[Organization](ctx, c, cred, "read organization", "/v1.0/organization")
	if err != nil || len(all) == 0 {
		return Organization{}, err
	}
	return all[0], nil
}
