package credential

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// appToken is a token of the app itself in one tenant, for one tick; one
// goroutine uses it.
type appToken struct {
	signIn SignIn
	tenant sam.TenantID
	held   azcore.AccessToken
}

// Tenant is whose token it is; package upstream asks.
func (t *appToken) Tenant() sam.TenantID { return t.tenant }

// GetToken implements azcore.TokenCredential for one scope.
func (t *appToken) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if t.held.Token != "" && o.Claims == "" {
		return t.held, nil
	}
	tokens, err := t.signIn.AppToken(ctx, entra.AppRequest{Tenant: t.tenant, Scope: o.Scopes[0]})
	if err != nil {
		return azcore.AccessToken{}, err
	}
	t.held = azcore.AccessToken{Token: tokens.Access.Reveal(), ExpiresOn: tokens.ExpiresOn.Add(-time.Minute)}
	return t.held, nil
}
