package partnercenter

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// consent is the body of an application consent; keys match in any case.
type consent struct {
	ApplicationID string  `json:"applicationId"`
	DisplayName   string  `json:"displayName,omitempty"`
	Grants        []grant `json:"applicationGrants"`
}

type grant struct {
	ResourceID string `json:"enterpriseApplicationId"`
	Scope      string `json:"scope"` // values, separated by commas
}

const largestConsent = 64 << 10

// graphScopes are delegated permissions that Microsoft Graph publishes: a
// selection with everything that this application or one like it may ask for.
var graphScopes = []string{
	"Application.Read.All", "AuditLog.Read.All", "DelegatedAdminRelationship.Read.All", "DelegatedAdminRelationship.ReadWrite.All",
	"DelegatedPermissionGrant.Read.All", "DelegatedPermissionGrant.ReadWrite.All", "DeviceManagementManagedDevices.Read.All",
	"Directory.Read.All", "Directory.ReadWrite.All", "Domain.Read.All", "Group.Read.All", "LicenseAssignment.Read.All",
	"Organization.Read.All", "Organization.ReadWrite.All", "Policy.Read.All", "Reports.Read.All", "RoleManagement.Read.Directory",
	"SecurityAlert.Read.All", "SecurityEvents.Read.All", "ServiceHealth.Read.All", "User.Read", "User.Read.All",
}

var scopeValue = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.\-]*$`)

// postConsent gives the partner's application its delegated permissions in
// the customer's tenant: once that has spread, tokens are issued there.
func (s *Service) postConsent(c call) (reply, error) {
	asked, err := readConsent(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.consentable(c)
	if err != nil {
		return reply{}, err
	}
	if err := s.grantable(found.TenantID, asked.Grants); err != nil {
		return reply{}, err
	}
	if s.grant(c, found, asked.Grants) {
		return reply{http.StatusCreated, asked}, nil
	}
	status := http.StatusConflict
	if s.Dials().ExistsAsBadRequest {
		status = http.StatusBadRequest
	}
	return reply{}, refusal{status, 3000, "Permission entry already exists."}
}

// grant adds what is not there yet and reports whether that was anything. There
// is one entry for each resource: a second consent to it is refused and adds
// nothing, unless MergeConsents is set. Consent for a tenant that has not
// authorised the application for delegated administrators is never a repetition.
func (s *Service) grant(c call, found *world.Customer, asked []grant) bool {
	known := c.now.Add(time.Duration(s.Dials().ConsentSpread) * time.Second)
	added := false
	if !s.world.Policy(found.TenantID).Preconsent(c.now) {
		s.world.SetPolicy(found.TenantID, func(p *world.SignInPolicy) {
			if p.Preconsented.IsZero() {
				p.Preconsented = known
			}
		})
		added = true
	}
	merge, resources := s.Dials().MergeConsents, s.resources()
	s.world.Mutate(found.TenantID, func(m *world.Customer) {
		for _, g := range asked {
			audience := resources[strings.ToLower(g.ResourceID)]
			scopes := missing(m, audience, values(g.Scope), s.world.Cloud().AppScopes(audience))
			if m.HasGrant(audience) && (!merge || len(scopes) == 0) {
				continue
			}
			m.Consent(world.AppGrant{Resource: audience, Scopes: scopes, Known: known})
			added = true
		}
	})
	return added
}

// missing are the scopes that the customer's grants do not have, whether they
// are known to the login hosts or not.
func missing(m *world.Customer, audience string, asked, all []string) []string {
	held := m.Held(audience, all)
	return slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return slices.Contains(held, s) })
}

// values are the names in the scope member of a grant.
func values(scope string) []string {
	names := strings.Split(scope, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

func readConsent(c call) (consent, error) {
	var asked consent
	body, err := io.ReadAll(io.LimitReader(c.Body, largestConsent))
	if err != nil || json.Unmarshal(body, &asked) != nil {
		return asked, refusal{http.StatusBadRequest, 800002, "The request body is not valid JSON."}
	}
	switch {
	case !isGUID(asked.ApplicationID):
		return asked, refusal{http.StatusBadRequest, 2000, "The applicationId is not a GUID."}
	case !strings.EqualFold(asked.ApplicationID, c.caller.App):
		return asked, refusal{http.StatusBadRequest, 3000, "The applicationId is not the application of the access token."}
	case len(asked.Grants) == 0:
		return asked, refusal{http.StatusBadRequest, 2001, "The applicationGrants are missing."}
	}
	return asked, nil
}

// consentable is administered plus the role that may consent to applications.
func (s *Service) consentable(c call) (*world.Customer, error) {
	found, err := s.administered(c)
	caller, known := s.world.User(c.caller.Tenant, c.caller.Object)
	if err == nil && (!found.ConsentRole || !known || caller.OutOfGroup) {
		return nil, refusal{http.StatusForbidden, 2032, "Access denied: the caller lacks Cloud Application Administrator in this customer."}
	}
	return found, err
}

// grantable checks that each resource exists in the tenant and that scopes
// are permission values.
func (s *Service) grantable(tenant string, grants []grant) error {
	missing := s.world.Policy(tenant).MissingResources
	resources := s.resources()
	for _, g := range grants {
		audience, known := resources[strings.ToLower(g.ResourceID)]
		if !known || slices.Contains(missing, audience) {
			return refusal{http.StatusBadRequest, 3000, "The resource " + g.ResourceID + " has no service principal in the tenant."}
		}
		for _, value := range values(g.Scope) {
			if !scopeValue.MatchString(value) || audience == s.world.Cloud().Graph && !slices.Contains(graphScopes, value) {
				return refusal{http.StatusBadRequest, 3000, "The scope " + value + " is not a permission of the resource."}
			}
		}
	}
	return nil
}

// resources are the application ids of the services that can be granted, with
// the audience each has in this cloud.
func (s *Service) resources() map[string]string {
	cloud := s.world.Cloud()
	return map[string]string{
		"00000003-0000-0000-c000-000000000000": cloud.Graph,
		"797f4846-ba00-4fd7-ba43-dac1f8f63013": cloud.ARM,
		"fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd": cloud.PartnerCenter,
		"00000002-0000-0000-c000-000000000000": "https://graph.windows.net",
	}
}

// deleteConsent takes the permissions away and leaves the service principal.
func (s *Service) deleteConsent(c call) (reply, error) {
	found, err := s.consentable(c)
	if err != nil {
		return reply{}, err
	}
	if !strings.EqualFold(c.PathValue("application"), c.caller.App) {
		return reply{}, refusal{http.StatusNotFound, 1000, "The application has no consent in this customer."}
	}
	had := false
	s.world.Mutate(found.TenantID, func(m *world.Customer) {
		if had = m.Consented; had {
			m.WithdrawConsent()
		}
	})
	if !had {
		return reply{}, refusal{http.StatusNotFound, 1000, "The application has no consent in this customer."}
	}
	return reply{status: http.StatusNoContent}, nil
}
