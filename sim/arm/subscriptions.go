package arm

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/samkeeper/samkeeper/sim/world"
)

type subscription struct {
	ID                  string              `json:"id"`
	SubscriptionID      string              `json:"subscriptionId"`
	TenantID            string              `json:"tenantId"`
	DisplayName         string              `json:"displayName"`
	State               string              `json:"state"`
	Policies            subscriptionPolicy  `json:"subscriptionPolicies"`
	AuthorizationSource string              `json:"authorizationSource"`
	ManagedByTenants    []map[string]string `json:"managedByTenants"`
	Tags                map[string]string   `json:"tags,omitempty"`
}

type subscriptionPolicy struct {
	LocationPlacementID string `json:"locationPlacementId"`
	QuotaID             string `json:"quotaId"`
	SpendingLimit       string `json:"spendingLimit"`
}

// describe shows a subscription; one that came by delegation names the tenant
// that manages it.
func (c call) describe(s *world.Subscription) subscription {
	managers := []map[string]string{}
	if c.customer == nil {
		managers = append(managers, map[string]string{"tenantId": c.caller.Tenant})
	}
	return subscription{
		ID: s.Path(), SubscriptionID: s.ID, TenantID: c.owners[s.ID], DisplayName: s.Name, State: s.State,
		Policies:            subscriptionPolicy{"Public_2014-09-01", s.QuotaID, "Off"},
		AuthorizationSource: "RoleBased", ManagedByTenants: managers,
	}
}

// subscriptions lists what the token's tenant shows its bearer.
func (s *Service) subscriptions(c call) (any, error) {
	all := c.visible()
	return paged(c, len(all), 50, "$skiptoken", func(i int) any { return c.describe(all[i]) })
}

func (s *Service) subscription(c call) (any, error) {
	return c.describe(c.subscription), nil
}

// tenants lists the token's own tenant.
func (s *Service) tenants(c call) (any, error) {
	name, domain, country := "Partner Example", "partner.example", "NL"
	if c.customer != nil {
		name, domain, country = c.customer.Name, c.customer.Domain, c.customer.Country
	}
	return list{Value: []any{map[string]any{
		"id": "/tenants/" + c.caller.Tenant, "tenantId": c.caller.Tenant, "countryCode": country, "displayName": name,
		"domains": []string{domain}, "defaultDomain": domain, "tenantCategory": "Home", "tenantType": "AAD",
	}}}, nil
}

type resourceGroup struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	Properties map[string]string `json:"properties"`
}

func describeGroup(s *world.Subscription, g world.ResourceGroup) resourceGroup {
	return resourceGroup{
		ID: s.GroupPath(g.Name), Name: g.Name, Type: "Microsoft.Resources/resourceGroups", Location: g.Location,
		Tags: map[string]string{}, Properties: map[string]string{"provisioningState": "Succeeded"},
	}
}

func (s *Service) resourceGroups(c call) (any, error) {
	size, err := c.top(1000)
	if err != nil {
		return nil, err
	}
	groups := c.subscription.Groups
	return paged(c, len(groups), size, "$skiptoken", func(i int) any { return describeGroup(c.subscription, groups[i]) })
}

func (s *Service) resourceGroup(c call) (any, error) {
	return describeGroup(c.subscription, c.group), nil
}

type resource struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Kind     string            `json:"kind,omitempty"`
	SKU      map[string]string `json:"sku,omitempty"`
	Location string            `json:"location"`
	Tags     map[string]string `json:"tags"`
}

// resources lists those of the subscription or group; the one filter that is
// understood is resourceType eq '…'.
func (s *Service) resources(c call) (any, error) {
	size, err := c.top(1000)
	if err != nil {
		return nil, err
	}
	kind, err := resourceType(c.URL.Query().Get("$filter"))
	if err != nil {
		return nil, err
	}
	var all []world.Resource
	for _, r := range c.subscription.Resources {
		if c.inGroup(r.Group) && (kind == "" || strings.EqualFold(kind, r.Type)) {
			all = append(all, r)
		}
	}
	return paged(c, len(all), size, "$skiptoken", func(i int) any {
		r := all[i]
		d := resource{ID: c.subscription.ResourcePath(r), Name: r.Name, Type: r.Type, Kind: r.Kind, Location: r.Location, Tags: map[string]string{}}
		if r.Kind == "StorageV2" {
			d.SKU = map[string]string{"name": "Standard_LRS", "tier": "Standard"}
		}
		return d
	})
}

func (c call) inGroup(name string) bool { return !c.hasGroup || strings.EqualFold(name, c.group.Name) }

// top is the page size: $top if given and smaller than the usual one.
func (c call) top(usual int) (int, error) {
	text := c.URL.Query().Get("$top")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, deny(http.StatusBadRequest, "InvalidTopParameter", "The $top query parameter '%s' is not valid.", text)
	}
	return min(n, usual), nil
}

func resourceType(filter string) (string, error) {
	if filter == "" {
		return "", nil
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(filter), "resourceType eq '")
	kind, closed := strings.CutSuffix(rest, "'")
	if !ok || !closed || strings.Contains(kind, "'") {
		return "", deny(http.StatusBadRequest, "InvalidFilterInQueryString", "Invalid $filter '%s' specified in the query string.", filter)
	}
	return kind, nil
}
