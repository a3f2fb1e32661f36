package entra

import (
	"context"
	"net/url"

	"github.com/samkeeper/samkeeper/internal/sam"
)

const opApp = "get a token of the app itself"

// AppRequest asks for a token of the app itself, with no user behind it.
type AppRequest struct {
	Tenant sam.TenantID
	Scope  string // one resource's "/.default"
	// Credential is used instead of the client's own, to prove that it works;
	// nil means the client's own.
	Credential AppCredential
}

// AppToken gets a token by the client-credentials grant. With a credential of
// its own the request is sent once.
func (c *Client) AppToken(ctx context.Context, r AppRequest) (Tokens, error) {
	if err := requireFields(opApp, r.Tenant, r.Scope); err != nil {
		return Tokens{}, err
	}
	a := attempt{op: opApp, tenant: r.Tenant, home: r.Tenant, form: url.Values{
		"grant_type": {"client_credentials"}, "scope": {r.Scope},
	}}
	if r.Credential == nil {
		return c.exchange(ctx, &a)
	}
	a.form.Set("client_id", string(c.app))
	if err := r.Credential.Apply(ctx, a.tenant, a.form); err != nil {
		return Tokens{}, err
	}
	tokens, p := c.send(ctx, a)
	return tokens, orNil(p)
}
