package token

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// tenantCredential is one connection in one tenant.
type tenantCredential struct {
	source *Source
	conn   sam.ConnectionID
	tenant sam.TenantID
}

// fresh marks a context in which the cache is passed by.
type fresh struct{}

// Fresh is a context in which GetToken asks Entra rather than the cache: for
// whoever has to know what is consented now. A cached token may be an hour old,
// and holds what was consented then. What comes takes its place.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, fresh{}, true) }

// GetToken implements azcore.TokenCredential. Exactly one scope names the
// resource. Claims, when given, are replayed and pass the cache by. Continuous
// access evaluation is not declared (EnableCAE is ignored): tokens then live
// for about an hour, which is longer than a job.
func (c *tenantCredential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(opts.Scopes) != 1 || opts.TenantID != "" && !strings.EqualFold(opts.TenantID, string(c.tenant)) {
		return azcore.AccessToken{}, c.misuse(opts)
	}
	k := key{c.conn, c.tenant, opts.Scopes[0]}
	if opts.Claims != "" || ctx.Value(fresh{}) != nil {
		return c.source.fly(ctx, k, opts.Claims)
	}
	cached, hit, renew := c.source.cached(k)
	if !renew {
		return cached, nil
	}
	fresh, err := c.source.fly(ctx, k, "")
	if err != nil && hit {
		c.source.postpone(k)
		return cached, nil
	}
	return fresh, err
}

func (c *tenantCredential) misuse(opts policy.TokenRequestOptions) error {
	p := &sam.Problem{
		Op: "get access token", Tenant: c.tenant, Class: sam.ClassConfiguration,
		Plain: "A token request must name exactly one scope.", Fix: "Report this as a fault of samkeeper.",
	}
	if len(opts.Scopes) == 1 {
		p.Plain = "The credential belongs to another tenant than the one asked for."
	}
	return p
}
