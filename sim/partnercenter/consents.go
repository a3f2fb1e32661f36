package partnercenter

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

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

var scopeValue = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.\-]*$`)

// postConsent gives the partner's application its delegated permissions in
// the customer's tenant: from now on tokens are issued there.
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
	already := false
	s.world.Mutate(found.TenantID, func(m *world.Customer) {
		already = m.Consented
		m.Consented, m.PrincipalLeft = true, false
	})
	if !already {
		return reply{http.StatusCreated, asked}, nil
	}
	status := http.StatusConflict
	if s.Dials().ExistsAsBadRequest {
		status = http.StatusBadRequest
	}
	return reply{}, refusal{status, 3000, "Permission entry already exists."}
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
	if err == nil && !found.ConsentRole {
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
		for value := range strings.SplitSeq(g.Scope, ",") {
			if !scopeValue.MatchString(strings.TrimSpace(value)) {
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
		had = m.Consented
		if had {
			m.Consented, m.PrincipalLeft = false, true
		}
	})
	if !had {
		return reply{}, refusal{http.StatusNotFound, 1000, "The application has no consent in this customer."}
	}
	return reply{status: http.StatusNoContent}, nil
}
