package graph

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Active is the only status of a relationship that gives access.
const Active = "active"

// Relationship is one delegated admin relationship (GDAP) of the partner.
type Relationship struct {
	ID       string          `json:"id"`
	Name     string          `json:"displayName"`
	Status   string          `json:"status"`
	Customer RelatedCustomer `json:"customer"`
	Ends     *time.Time      `json:"endDateTime"` // nil until approved
	Access   AccessDetails   `json:"accessDetails"`
	// AutoExtend is an ISO 8601 duration; "P0D", "PT0S" and "" are none.
	AutoExtend string `json:"autoExtendDuration"`
}

// ExtendsItself reports whether the end moves on by itself when it is reached.
func (r Relationship) ExtendsItself() bool { return strings.ContainsAny(r.AutoExtend, "123456789") }

// RelatedCustomer is the other side; empty until a customer has approved a
// request that names none.
type RelatedCustomer struct {
	TenantID string `json:"tenantId"`
	Name     string `json:"displayName"`
}

// AccessDetails lists the directory roles granted.
type AccessDetails struct {
	Roles []struct {
		ID string `json:"roleDefinitionId"`
	} `json:"unifiedRoles"`
}

// DelegatedAdminRelationships lists the partner's active relationships, with
// the partner tenant's token. The filter is sent and checked again here.
func (c *Client) DelegatedAdminRelationships(ctx context.Context, cred azcore.TokenCredential) ([]Relationship, error) {
	query := url.Values{"$filter": {"status eq 'active'"}, "$top": {"300"}}
	all, err := list[Relationship](ctx, c, cred, "list delegated admin relationships",
		"/v1.0/tenantRelationships/delegatedAdminRelationships?"+query.Encode())
	if err != nil {
		return nil, err
	}
	active := all[:0]
	for _, r := range all {
		if r.Status == Active {
			active = append(active, r)
		}
	}
	return active, nil
}
