package graph

import (
	"context"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Assignment gives a security group of the partner some of a relationship's
// roles. A relationship without one gives nobody anything.
type Assignment struct {
	ID        string        `json:"id"`
	Status    string        `json:"status"` // pending active deleting deleted error
	Container Container     `json:"accessContainer"`
	Access    AccessDetails `json:"accessDetails"`
}

// Container is who has the roles.
type Container struct {
	ID   string `json:"accessContainerId"`   // object id of the group
	Type string `json:"accessContainerType"` // securityGroup
}

// AccessAssignments lists the active assignments of one relationship, with the
// partner tenant's token. Graph lists those of the past as well; they are
// dropped here.
func (c *Client) AccessAssignments(ctx context.Context, cred azcore.TokenCredential, relationship string) ([]Assignment, error) {
	all, err := list[Assignment](ctx, c, cred, "list access assignments of a relationship",
		"/v1.0/tenantRelationships/delegatedAdminRelationships/"+url.PathEscape(relationship)+"/accessAssignments")
	if err != nil {
		return nil, err
	}
	active := all[:0]
	for _, a := range all {
		if a.Status == Active {
			active = append(active, a)
		}
	}
	return active, nil
}

// Group is a group that an account is in.
type Group struct {
	Type string `json:"@odata.type"`
	ID   string `json:"id"`
	Name string `json:"displayName"` // "" when the app may not read groups
}

// MyGroups lists the groups of the token's own account, nested ones included.
// The list is not cast to groups by the address, since that needs Graph's
// advanced queries, whose index lags behind.
func (c *Client) MyGroups(ctx context.Context, cred azcore.TokenCredential) ([]Group, error) {
	query := url.Values{"$select": {"id,displayName"}, "$top": {"999"}}
	all, err := list[Group](ctx, c, cred, "list own group memberships", "/v1.0/me/transitiveMemberOf?"+query.Encode())
	if err != nil {
		return nil, err
	}
	groups := all[:0]
	for _, g := range all {
		if strings.EqualFold(g.Type, "#microsoft.graph.group") {
			groups = append(groups, g)
		}
	}
	return groups, nil
}
