package entra

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Tokens is what a redemption brought.
type Tokens struct {
	Access    sam.Secret
	Refresh   sam.Secret // empty: none came, keep the old one
	ID        sam.Secret // empty unless OpenID scopes were asked for
	ExpiresOn time.Time  // of the access token, from expires_in
	RefreshOn time.Time  // when Entra suggests to renew it; zero if it does not
	Scope     string     // what was granted, may be less than asked
}

// CodeRequest redeems the authorization code of one sign-in.
type CodeRequest struct {
	Tenant      sam.TenantID // the tenant of the authorize request
	Code        sam.Secret
	Verifier    sam.Secret // PKCE
	RedirectURI string     // as in the authorize request, byte for byte
	Scope       string     // one resource; the OpenID scopes are added
}

// RefreshRequest redeems a refresh token for an access token of one tenant.
type RefreshRequest struct {
	Tenant       sam.TenantID // whose token is wanted
	Home         sam.TenantID // the tenant of the grant; decides the blast radius
	RefreshToken sam.Secret
	Scope        string // one resource
	Claims       string // claims challenge to replay, JSON; "" when none
}

const (
	opCode    = "redeem authorization code"
	opRefresh = "redeem refresh token"
)

// RedeemCode sends the code exactly once, whatever happens: a code is burnt by
// its first use. After a network failure the person has to sign in again.
func (c *Client) RedeemCode(ctx context.Context, r CodeRequest) (Tokens, error) {
	if err := requireFields(opCode, r.Tenant, r.Scope, r.Code, r.Verifier); err != nil {
		return Tokens{}, err
	}
	a := attempt{op: opCode, tenant: r.Tenant, home: r.Tenant, form: url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {r.Code.Reveal()},
		"code_verifier": {r.Verifier.Reveal()},
		"redirect_uri":  {r.RedirectURI},
		"scope":         {strings.Join(withOpenID(r.Scope), " ")},
	}}
	if err := c.prove(ctx, &a); err != nil {
		return Tokens{}, err
	}
	tokens, p := c.send(ctx, a)
	if p != nil && p.Class == credential && ctx.Err() == nil {
		c.credential.refused(ctx, a.rung, a.form, p) // the next sign-in has another chance
	}
	return tokens, orNil(p)
}

// Redeem sends the refresh token; a second time when no answer came at all, and
// again when the app's credential was refused and another one is to be had.
func (c *Client) Redeem(ctx context.Context, r RefreshRequest) (Tokens, error) {
	if err := requireFields(opRefresh, r.Tenant, r.Scope, r.RefreshToken); err != nil {
		return Tokens{}, err
	}
	a := attempt{op: opRefresh, tenant: r.Tenant, home: r.Home, form: r.form()}
	return c.exchange(ctx, &a)
}

// maxSends bounds how often one form is sent: once for each credential of a
// ladder and a newer value of each, and once for a lost answer.
const maxSends = 6

// exchange proves the app and sends a form that may be sent again.
func (c *Client) exchange(ctx context.Context, a *attempt) (Tokens, error) {
	if err := c.prove(ctx, a); err != nil {
		return Tokens{}, err
	}
	tokens, p := c.send(ctx, *a)
	for sent := 1; p != nil && sent < maxSends && c.again(ctx, a, p); sent++ {
		tokens, p = c.send(ctx, *a)
	}
	return tokens, orNil(p)
}

func (r RefreshRequest) form() url.Values {
	scope := r.Scope
	if r.Tenant == r.Home {
		scope = strings.Join(withOpenID(scope), " ")
	}
	form := url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {r.RefreshToken.Reveal()},
		"scope":         {scope},
	}
	if r.Claims != "" {
		form.Set("claims", r.Claims)
	}
	return form
}

// again decides whether a form is worth another try, and prepares it.
func (c *Client) again(ctx context.Context, a *attempt, p *sam.Problem) bool {
	switch {
	case ctx.Err() != nil:
		return false
	case p.Status == 0:
		lostBefore := a.lost
		a.lost = true
		return !lostBefore
	case p.Class != credential || !c.credential.refused(ctx, a.rung, a.form, p):
		return false
	}
	return c.prove(ctx, a) == nil
}

// requireFields refuses a request that Entra could only refuse: it would count
// as a failed sign-in there.
func requireFields(op string, tenant sam.TenantID, scope string, secrets ...sam.Secret) error {
	p := &sam.Problem{Op: op, Tenant: tenant, Class: configuration, Fix: fixBug}
	if tenant == "" {
		p.Plain = "No tenant is named."
		return p
	}
	if n := len(resources(scope)); n != 1 {
		p.Plain = "The scope must name exactly one resource."
		return p
	}
	for _, s := range secrets {
		if s.Empty() {
			p.Plain = "The code or token to redeem is empty."
			return p
		}
	}
	return nil
}

// orNil keeps a nil problem from becoming a non-nil error.
func orNil(p *sam.Problem) error {
	if p == nil {
		return nil
	}
	return p
}
