package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// governed is a connection's credential for one tenant whose calls are counted
// by all processes together; see upstream.Governed. It knows its tenant, for
// error reports.
type governed struct {
	inner  azcore.TokenCredential
	conn   sam.ConnectionID
	tenant sam.TenantID
	limits Governor // nil: nobody counts
	now    func() time.Time
	log    *slog.Logger
	home   *homeProbe // nil for the connection's own tenant
}

// Tenant is whose tokens these are.
func (g governed) Tenant() sam.TenantID { return g.tenant }

// GetToken implements azcore.TokenCredential.
func (g governed) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := g.inner.GetToken(ctx, opts)
	if err != nil && g.home != nil {
		err = g.home.explain(ctx, err, opts.Scopes)
	}
	return token, err
}

// Admit implements upstream.Governed. When what is shared cannot be read, the
// call is made: the worst is one more refusal.
func (g governed) Admit(ctx context.Context, limit throttle.Limit) error {
	if g.limits == nil {
		return nil
	}
	scope := limit.Of(g.conn, g.tenant)
	for {
		wait, err := g.limits.Admit(ctx, scope, g.now())
		if err != nil {
			g.log.WarnContext(ctx, "throttle not read", slog.String("scope", scope.String()), failure(err))
		}
		if wait <= 0 {
			return nil
		}
		if !throttle.Pause(ctx, scope, wait) {
			return throttle.Refusal(g.tenant, wait)
		}
	}
}

// Observe implements upstream.Governed.
func (g governed) Observe(ctx context.Context, limit throttle.Limit, answer throttle.Answer) {
	if g.limits == nil {
		return
	}
	scope := limit.Of(g.conn, g.tenant)
	if answer.Refused {
		g.log.WarnContext(ctx, "refused for too many requests", slog.String("scope", scope.String()), slog.String("retry_after", answer.RetryAfter.String()))
	}
	if err := g.limits.Observe(ctx, scope, answer, g.now()); err != nil {
		g.log.WarnContext(ctx, "throttle not shared", slog.String("scope", scope.String()), failure(err))
	}
}

// connectionScope names the door of a whole connection.
func connectionScope(id sam.ConnectionID) string { return "connection/" + string(id) }

// credential wraps a connection's credential for one tenant.
func (j *Jobs) credential(conn sam.ConnectionID, tenant sam.TenantID) azcore.TokenCredential {
	g := governed{inner: j.Tokens.Credential(conn, tenant), conn: conn, tenant: tenant, limits: j.Limits, now: j.Now, log: j.Log}
	if home := conn.Tenant(); home != tenant {
		g.home = &homeProbe{j.Tokens.Credential(conn, home), home, j.HomeScope}
	}
	return g
}
