package world

import (
	"slices"
	"strings"
	"time"
)

// AppGrant is what the app may do in a customer's tenant on behalf of any user
// of one resource: an oauth2PermissionGrant of kind AllPrincipals.
type AppGrant struct {
	Resource string    // audience of the service
	Scopes   []string  // delegated permissions by name
	Known    time.Time // from when on the login hosts know it
}

// AppScopes are the delegated permissions that the app registration lists for
// a resource, by its audience; a consent that names none gives these.
func (c Cloud) AppScopes(audience string) []string {
	switch strings.TrimSuffix(audience, "/") {
	case c.Graph:
		return []string{"DelegatedAdminRelationship.Read.All", "Directory.Read.All", "Organization.Read.All", "User.Read"}
	case c.ARM, c.ARMLegacy, c.PartnerCenter, c.Vault, c.Storage:
		return []string{"user_impersonation"}
	}
	return nil
}

// endOfTime is later than anything becomes known.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// HasPrincipal reports whether the login hosts know the app's service principal
// in the customer's tenant by now.
func (c *Customer) HasPrincipal(now time.Time) bool {
	return c.PrincipalLeft || c.Consented && !now.Before(c.PrincipalKnown)
}

// Granted lists the delegated permissions on a resource that the login hosts
// know of by now; all are those of the app registration.
func (c *Customer) Granted(resource string, all []string, now time.Time) []string {
	if !c.Consented {
		return nil
	}
	if c.Grants == nil {
		return all
	}
	var scopes []string
	for _, g := range c.Grants {
		if g.Resource != resource || now.Before(g.Known) {
			continue
		}
		for _, s := range g.Scopes {
			if !slices.Contains(scopes, s) {
				scopes = append(scopes, s)
			}
		}
	}
	slices.Sort(scopes)
	return scopes
}

// Held is Granted for what the login hosts know now or will know.
func (c *Customer) Held(resource string, all []string) []string {
	return c.Granted(resource, all, endOfTime)
}

// HasGrant reports whether there is a grant on the resource, known or not.
func (c *Customer) HasGrant(resource string) bool {
	return c.Consented && (c.Grants == nil || slices.ContainsFunc(c.Grants, func(g AppGrant) bool { return g.Resource == resource }))
}

// Consent adds a grant, and the service principal where there is none.
func (c *Customer) Consent(g AppGrant) {
	if !c.Consented {
		c.Grants, c.PrincipalKnown = []AppGrant{}, g.Known
		if c.PrincipalLeft {
			c.PrincipalKnown = time.Time{}
		}
	}
	c.Consented, c.PrincipalLeft = true, false
	c.Grants = append(c.Grants, g)
}

// ConsentToAll gives every permission of the app registration, at once: what an
// administrator of the tenant does on the consent page.
func (c *Customer) ConsentToAll() {
	c.Consented, c.PrincipalLeft = true, false
	c.Grants, c.PrincipalKnown = nil, time.Time{}
}

// WithdrawConsent takes all grants away and leaves the service principal.
func (c *Customer) WithdrawConsent() {
	c.Consented, c.PrincipalLeft = false, true
	c.Grants, c.PrincipalKnown = nil, time.Time{}
}

func cloneGrants(grants []AppGrant) []AppGrant {
	copied := slices.Clone(grants)
	for i := range copied {
		copied[i].Scopes = slices.Clone(copied[i].Scopes)
	}
	return copied
}
