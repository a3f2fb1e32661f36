package graph

import (
	"strings"

	"github.com/samkeeper/samkeeper/sim/world"
)

type contract struct {
	ID           string  `json:"id"`
	Deleted      *string `json:"deletedDateTime"`
	ContractType string  `json:"contractType"`
	CustomerID   string  `json:"customerId"`
	Domain       string  `json:"defaultDomainName"`
	DisplayName  string  `json:"displayName"`
}

// contracts lists the reseller contracts of the partner; they say nothing
// about access.
func (s *Service) contracts(c call) (any, error) {
	if c.customer != nil {
		return s.list(c, "contracts", nil, nil)
	}
	wanted, err := parseFilter(c.query.filter, "customerId")
	if err != nil {
		return nil, err
	}
	customers := s.world.CustomersOf(c.caller.Tenant)
	if id, one := wanted.value("customerId"); one {
		customers = nil
		if found, ok := s.world.Customer(id); ok {
			customers = []*world.Customer{found}
		}
	}
	from := min(c.query.place.outer, len(customers))
	to := min(from+c.query.size(100, largestTop), len(customers))
	var rows []any
	for _, k := range customers[from:to] {
		if !k.NoReseller {
			rows = append(rows, contract{
				ID: world.DerivedID(k.TenantID, "contract"), ContractType: "ResellerPartner", CustomerID: k.TenantID,
				Domain: k.Domain, DisplayName: k.Name,
			})
		}
	}
	var more *place
	if to < len(customers) {
		more = &place{outer: to}
	}
	return s.list(c, "contracts", rows, more)
}

type servicePrincipal struct {
	ID             string `json:"id"`
	AppID          string `json:"appId"`
	DisplayName    string `json:"displayName"`
	AccountEnabled bool   `json:"accountEnabled"`
	Type           string `json:"servicePrincipalType"`
	SignInAudience string `json:"signInAudience"`
	OwnerTenant    string `json:"appOwnerOrganizationId"`
}

// microsoft is the tenant that owns Microsoft's own services.
const microsoft = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

// services are Microsoft's applications that every tenant knows.
var services = []servicePrincipal{
	{AppID: graphID, DisplayName: "Microsoft Graph"},
	{AppID: armID, DisplayName: "Windows Azure Service Management API"},
	{AppID: "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", DisplayName: "Microsoft Partner Center"},
}

const (
	graphID = "00000003-0000-0000-c000-000000000000"
	armID   = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
)

// principals are the service principals of the token's tenant.
func principals(c call) []servicePrincipal {
	all := make([]servicePrincipal, 0, len(services)+1)
	for _, p := range services {
		p.OwnerTenant = microsoft
		all = append(all, p)
	}
	if c.customer == nil || c.customer.HasPrincipal(c.now) {
		all = append(all, servicePrincipal{AppID: world.AppID, DisplayName: "samkeeper", OwnerTenant: world.PartnerTenantID})
	}
	for i := range all {
		all[i].ID = principalID(c.caller.Tenant, all[i].AppID)
		all[i].AccountEnabled, all[i].Type, all[i].SignInAudience = true, "Application", "AzureADMultipleOrgs"
	}
	return all
}

func principalID(tenant, app string) string { return world.DerivedID(tenant, "principal", app) }

// servicePrincipals lists or finds them by appId.
func (s *Service) servicePrincipals(c call) (any, error) {
	wanted, err := parseFilter(c.query.filter, "appId", "displayName")
	if err != nil {
		return nil, err
	}
	var rows []any
	for _, p := range principals(c) {
		field := func(path string) string {
			if path == "appId" {
				return p.AppID
			}
			return p.DisplayName
		}
		if wanted.matches(field) {
			rows = append(rows, p)
		}
	}
	return s.list(c, "servicePrincipals", rows, nil)
}

type permissionGrant struct {
	ID          string  `json:"id"`
	ClientID    string  `json:"clientId"`
	ConsentType string  `json:"consentType"`
	PrincipalID *string `json:"principalId"`
	ResourceID  string  `json:"resourceId"`
	Scope       string  `json:"scope"`
}

// permissionGrants lists the delegated permissions of the application; after
// a consent was withdrawn there are none, though the principal remains.
func (s *Service) permissionGrants(c call) (any, error) {
	wanted, err := parseFilter(c.query.filter, "clientId", "consentType")
	if err != nil {
		return nil, err
	}
	var rows []any
	client := principalID(c.caller.Tenant, world.AppID)
	for _, g := range s.granted(c) {
		g.ID, g.ClientID, g.ConsentType = world.DerivedID(client, g.ResourceID), client, "AllPrincipals"
		field := func(path string) string {
			if path == "clientId" {
				return g.ClientID
			}
			return g.ConsentType
		}
		if wanted.matches(field) {
			rows = append(rows, g)
		}
	}
	return s.list(c, "oauth2PermissionGrants", rows, nil)
}

// granted are the application's grants on Graph and Resource Manager in the
// token's tenant; in a partner's it has all that its registration lists.
func (s *Service) granted(c call) []permissionGrant {
	cloud := s.world.Cloud()
	var all []permissionGrant
	for _, r := range []struct{ id, audience string }{{graphID, cloud.Graph}, {armID, cloud.ARM}} {
		scopes := cloud.AppScopes(r.audience)
		if c.customer != nil {
			scopes = c.customer.Granted(r.audience, scopes, c.now)
		}
		if len(scopes) > 0 {
			all = append(all, permissionGrant{ResourceID: principalID(c.caller.Tenant, r.id), Scope: strings.Join(scopes, " ")})
		}
	}
	return all
}
