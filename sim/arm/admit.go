package arm

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/world"
)

var versionForm = regexp.MustCompile(`^20\d\d-[01]\d-[0-3]\d(-preview|-alpha|-beta|-privatepreview)?$`)

// admit checks token, version and challenge, and finds what the path is about.
func (s *Service) admit(w http.ResponseWriter, r *http.Request) (call, error) {
	c := call{Request: r, now: s.world.Now(), dials: s.Dials(), version: r.URL.Query().Get("api-version")}
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	cloud := s.world.Cloud()
	var err error
	if c.caller, err = s.verifier.Verify(r, cloud.ARM, cloud.ARMLegacy); err != nil {
		return c, s.unauthenticated(err, segments)
	}
	if err := s.challenge(c); err != nil {
		return c, err
	}
	switch {
	case c.version == "":
		return c, deny(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case !versionForm.MatchString(c.version):
		return c, deny(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid.", c.version)
	}
	if found, ok := s.world.Customer(c.caller.Tenant); ok && !found.Gone {
		c.customer = found
		_, c.home = s.world.User(c.caller.Tenant, c.caller.Object)
	}
	c.owners = s.owners()
	if c.customer == nil {
		c.delegated = s.world.DelegatedTo(c.caller.Tenant)
	}
	if err := s.locate(&c, segments); err != nil {
		return c, err
	}
	return c, s.takeRead(w, c)
}

// visible are the subscriptions the caller may list.
func (c call) visible() []*world.Subscription {
	switch {
	case c.customer == nil:
		return c.delegated
	case c.home: // the tenant's own administrator needs neither relationship nor the partner's role
		return c.customer.Subscriptions
	case !c.customer.Administered():
		return nil
	}
	return c.customer.Visible()
}

// locate reads /subscriptions/{s}[/resourceGroups/{g}] off the path.
func (s *Service) locate(c *call, segments []string) error {
	c.rest = segments
	if len(segments) < 2 || !strings.EqualFold(segments[0], "subscriptions") {
		return nil
	}
	id := strings.ToLower(segments[1])
	if err := s.mayRead(c, id); err != nil {
		return err
	}
	c.rest = segments[2:]
	if len(c.rest) < 2 || !strings.EqualFold(c.rest[0], "resourceGroups") {
		return nil
	}
	if c.group, c.hasGroup = c.subscription.Group(c.rest[1]); !c.hasGroup {
		return deny(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", c.rest[1])
	}
	c.rest = c.rest[2:]
	return nil
}

// mayRead finds the subscription, or says why not.
func (s *Service) mayRead(c *call, id string) error {
	owner, known := c.owners[id]
	if !known {
		return deny(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", id)
	}
	for _, sub := range c.visible() {
		if sub.ID == id {
			c.subscription = sub
			return nil
		}
	}
	if owner != c.caller.Tenant {
		r := deny(http.StatusUnauthorized, "InvalidAuthenticationTokenTenant",
			"The access token is from the wrong issuer '%s'. It must match the tenant '%s' associated with this subscription. Please use the authority (URL) '%s/%s' to get the token.",
			c.caller.Issuer, s.world.Cloud().IssuerV1(owner), s.world.Cloud().Login, owner)
		r.authenticate = s.authority(owner)
		return r
	}
	if c.customer != nil && c.customer.RBAC && c.customer.Administered() { // it was deleted since the world began
		return deny(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", id)
	}
	return deny(http.StatusForbidden, "AuthorizationFailed",
		"The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '/subscriptions/%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		c.caller.UPN, c.caller.Object, "Microsoft.Resources/subscriptions/read", id)
}

// authority is the challenge that names a subscription's tenant.
func (s *Service) authority(tenant string) string {
	return fmt.Sprintf(`Bearer authorization_uri="%s/%s", error="invalid_token", error_description="The authentication scheme of Bearer is not supported for this tenant's token."`, s.world.Cloud().Login, tenant)
}

// unauthenticated refuses an unusable token. Without any token, the answer on
// a subscription names the tenant that owns it.
func (s *Service) unauthenticated(err error, segments []string) error {
	var bad *bearer.Error
	if !errors.As(err, &bad) {
		return err
	}
	tenant := "common"
	if len(segments) >= 2 && strings.EqualFold(segments[0], "subscriptions") {
		if owner, known := s.owners()[strings.ToLower(segments[1])]; known {
			tenant = owner
		}
	}
	r := deny(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid: %s", bad.Detail)
	r.authenticate = fmt.Sprintf(`Bearer authorization_uri="%s/%s", error="invalid_token", error_description="The access token is missing or invalid."`, s.world.Cloud().Login, tenant)
	switch bad.Fault {
	case bearer.Missing:
		r.code, r.text = "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
	case bearer.Expired:
		r.code, r.text = "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."
	case bearer.Audience:
		r.text = "The access token has been obtained for wrong audience or resource '" + bad.Claims.Audience + "'."
	case bearer.Malformed, bearer.Signature, bearer.Issuer:
	}
	return r
}

// challenge refuses the token that a claims challenge was first met with.
func (s *Service) challenge(c call) error {
	if c.dials.Challenge == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first, met := s.challenged[c.caller.Tenant]
	if !met {
		first = c.caller.ID
		s.challenged[c.caller.Tenant] = first
	}
	if first != c.caller.ID {
		return nil
	}
	r := deny(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token does not satisfy the claims that are required now.")
	r.authenticate = fmt.Sprintf(`Bearer realm="", authorization_uri="%s/common/oauth2/authorize", error="insufficient_claims", claims="%s"`,
		s.world.Cloud().Login, base64.StdEncoding.EncodeToString([]byte(c.dials.Challenge)))
	return r
}
