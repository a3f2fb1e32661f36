package entra

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/sim/world"
)

// checkApp tells whether a client id is the registered app.
func (s *Server) checkApp(client, segment string) *problem {
	if uuid.Validate(client) != nil {
		return refuse("unauthorized_client", 700038, "%s is not a valid application identifier.", client)
	}
	if !strings.EqualFold(client, s.appID()) {
		return notFound(client, segment)
	}
	var disabled bool
	s.world.View(func() { disabled = s.world.Partner().App.Disabled })
	if disabled {
		return refuse("unauthorized_client", 7000112, "Application '%s'(samkeeper) is disabled.", client)
	}
	return nil
}

func notFound(client, segment string) *problem {
	return refuse("unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", client, segment)
}

// installed tells whether the app has a service principal in the tenant. Both
// refusals are seen in practice; the tenant id decides which, so that a fleet
// shows both and a tenant always the same.
func (s *Server) installed(tenant string, now time.Time) *problem {
	c, ok := s.world.Customer(tenant)
	if !ok || c.HasPrincipal(now) {
		return nil
	}
	if strings.ContainsAny(tenant[len(tenant)-1:], "02468ace") {
		return notFound(s.appID(), tenant)
	}
	p := refuse("invalid_client", 7000229, "The client application %s is missing service principal in the tenant %s. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119", s.appID(), tenant)
	p.status = http.StatusUnauthorized
	return p
}

// entitled decides whether user and app may have a token for the resource in
// the exchange's tenant, and with which permissions.
func (s *Server) entitled(x *exchange, d *demand, user world.User, grant world.Grant) *problem {
	if p := s.installed(x.tenant, x.now); p != nil {
		return p
	}
	if p := s.delegated(x.tenant, user, x.now); p != nil {
		return p
	}
	if p := s.serves(x, *d); p != nil {
		return p
	}
	if !s.consented(x, d) {
		p := refuse("invalid_grant", 65001, "The user or administrator has not consented to use the application with ID '%s' named 'samkeeper'. Send an interactive authorization request for this user and resource.", s.appID())
		p.suberror = "consent_required"
		return p
	}
	return s.permitted(x, *d, grant)
}

// consented finds the permissions for the token: what is consented in a
// customer's tenant, cut down to what is asked for by name, and what the app
// registration lists in a partner's. It is false where nothing is consented, or
// not all that is asked for.
func (s *Server) consented(x *exchange, d *demand) bool {
	d.scopes = d.resource.scopes
	c, ok := s.world.Customer(x.tenant)
	if !ok {
		return true
	}
	d.scopes = c.Granted(d.resource.audience, d.resource.scopes, x.now)
	if slices.Contains(d.names, ".default") {
		return len(d.scopes) > 0
	}
	for _, name := range d.names {
		if !slices.Contains(d.scopes, name) {
			return false
		}
	}
	d.scopes = d.names
	return len(d.scopes) > 0
}

// delegated checks the way of a partner's user into another tenant.
func (s *Server) delegated(tenant string, user world.User, now time.Time) *problem {
	if user.Tenant == tenant {
		return nil
	}
	c, ok := s.world.Customer(tenant)
	switch {
	case !ok || !c.ServedBy(user.Tenant) || !c.Administered() || user.Guest || user.OutOfGroup:
		return refuse("invalid_grant", 50020, "User account '%s' from identity provider '%s' does not exist in tenant '%s' and cannot access the application '%s'(samkeeper) in that tenant. The account needs to be added as an external user in the tenant first.", user.UPN, s.world.Cloud().IssuerV1(user.Tenant), tenant, s.appID())
	case !s.world.Policy(tenant).Preconsent(now):
		return refuse("invalid_grant", 90099, "The application '%s' (samkeeper) has not been authorized in the tenant '%s'. Applications must be authorized to access the customer tenant before partner delegated administrators can use them.", s.appID(), tenant)
	case c.Blocked:
		return refuse("invalid_grant", 53003, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")
	}
	return nil
}

// serves tells whether the tenant has the resource at all.
func (s *Server) serves(x *exchange, d demand) *problem {
	for _, missing := range s.world.Policy(x.tenant).MissingResources {
		if slices.Contains([]string{d.resource.audience, d.resource.id}, strings.TrimSuffix(missing, "/")) {
			return unknownResource(d.audience, x.tenant)
		}
	}
	return nil
}

// permitted applies the tenant's wish for a second factor.
func (s *Server) permitted(x *exchange, d demand, grant world.Grant) *problem {
	policy := s.world.Policy(x.tenant)
	fresh := x.now.Sub(grant.AuthTime) < codeLife
	if (!policy.RequireMFA || hasMFA(grant.AMR)) && (!policy.RequireFreshMFA || fresh) {
		return nil
	}
	p := refuse("invalid_grant", 50076, mfaText, d.resource.id)
	p.suberror = "basic_action"
	p.claims = `{"access_token":{"capolids":{"essential":true,"values":["` + world.DerivedID(x.tenant, "policy") + `"]}}}`
	return p
}
