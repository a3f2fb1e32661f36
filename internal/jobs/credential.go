package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// gated is a credential that gives no token while the shared throttle of its
// audience and tenant is closed: rejected calls count against the limit too,
// so they are better not made. It knows its tenant, for error reports.
type gated struct {
	inner  azcore.TokenCredential
	tenant sam.TenantID
	gate   Gate
	now    func() time.Time
	home   *homeProbe // nil for the connection's own tenant
}

// Tenant is whose tokens these are.
func (g gated) Tenant() sam.TenantID { return g.tenant }

// GetToken implements azcore.TokenCredential.
func (g gated) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	for _, audience := range opts.Scopes {
		now := g.now()
		until, err := g.gate.ClosedUntil(ctx, throttleScope(audience, g.tenant), now)
		if err != nil {
			return azcore.AccessToken{}, fmt.Errorf("look at the throttle of %s: %w", audience, err)
		}
		if until.After(now) {
			return azcore.AccessToken{}, closedProblem(g.tenant, until.Sub(now))
		}
	}
	token, err := g.inner.GetToken(ctx, opts)
	if err != nil && g.home != nil {
		err = g.home.explain(ctx, err, opts.Scopes)
	}
	return token, err
}

func closedProblem(tenant sam.TenantID, wait time.Duration) *sam.Problem {
	return &sam.Problem{
		Op: "ask for an access token", Tenant: tenant, Class: sam.ClassRetry,
		Code: codeGateClosed, RetryAfter: wait,
		Plain: "The service asked for fewer requests a moment ago.",
		Fix:   "Nothing to do: the work goes on after the time it named.",
	}
}

// throttleScope names the limit that a service counts for one tenant:
// "management.azure.com/<tenant>".
func throttleScope(audience string, tenant sam.TenantID) string {
	host := audience
	if u, err := url.Parse(audience); err == nil && u.Host != "" {
		host = u.Host
	}
	return strings.ToLower(host) + "/" + string(tenant)
}

// connectionScope names the door of a whole connection.
func connectionScope(id sam.ConnectionID) string { return "connection/" + string(id) }

// credential wraps a connection's credential for one tenant.
func (j *Jobs) credential(conn sam.ConnectionID, tenant sam.TenantID) azcore.TokenCredential {
	g := gated{inner: j.Tokens.Credential(conn, tenant), tenant: tenant, gate: j.Gate, now: j.Now}
	if home := conn.Tenant(); home != tenant {
		g.home = &homeProbe{j.Tokens.Credential(conn, home), home, j.HomeScope}
	}
	return g
}

// throttled closes the door that a 429 names, for all processes.
func (j *Jobs) throttled(ctx context.Context, p *sam.Problem, delay time.Duration) {
	var refusal *upstream.Refusal
	if p.Status != http.StatusTooManyRequests || !errors.As(p, &refusal) || refusal.Token == "" {
		return
	}
	if p.RetryAfter > 0 {
		delay = p.RetryAfter
	}
	scope := throttleScope(refusal.Audience, refusal.Token)
	if err := j.Gate.Close(ctx, scope, j.Now().Add(delay)); err != nil {
		j.Log.WarnContext(ctx, "throttle not shared", slog.String("scope", scope), failure(err))
	}
}
