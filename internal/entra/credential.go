package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// AppCredential proves the app at the token endpoint by adding its fields to
// the form of one request: client_secret, or client_assertion with its type.
// The tenant is given because a signed assertion names the token endpoint it is
// meant for.
type AppCredential interface {
	Apply(ctx context.Context, tenant sam.TenantID, form url.Values) error
}

// renewer is the optional ability to look again after Entra refused the
// credential. It reports whether another try would send something else than
// the refused form did.
type renewer interface {
	renew(ctx context.Context, refused url.Values) (changed bool, err error)
}

// secretLife is how long a client secret read from the vault is used unread.
const secretLife = 10 * time.Minute

type secretCredential struct {
	read func(context.Context) (sam.Secret, error)

	mu     sync.Mutex
	secret sam.Secret
	readAt time.Time
}

// SecretCredential proves the app with a client secret. The secret is read
// through read (from the vault), kept for ten minutes, and read again when
// Entra refuses it.
func SecretCredential(read func(context.Context) (sam.Secret, error)) AppCredential {
	return &secretCredential{read: read}
}

// Apply implements AppCredential.
func (c *secretCredential) Apply(ctx context.Context, _ sam.TenantID, form url.Values) error {
	secret, fresh := c.cached()
	if !fresh {
		var err error
		if secret, err = c.fetch(ctx); err != nil {
			return err
		}
	}
	form.Set("client_secret", secret.Reveal())
	return nil
}

func (c *secretCredential) renew(ctx context.Context, refused url.Values) (bool, error) {
	old := sam.NewSecret(refused.Get("client_secret"))
	if secret, fresh := c.cached(); fresh && !secret.Equal(old) {
		return true, nil // somebody else has looked already
	}
	secret, err := c.fetch(ctx)
	return err == nil && !secret.Equal(old), err
}

func (c *secretCredential) cached() (sam.Secret, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secret, !c.secret.Empty() && time.Since(c.readAt) < secretLife
}

// fetch reads without the lock held: two callers may both read, which is harmless.
func (c *secretCredential) fetch(ctx context.Context) (sam.Secret, error) {
	secret, err := c.read(ctx)
	if err != nil {
		return sam.Secret{}, err
	}
	if secret.Empty() {
		return sam.Secret{}, &sam.Problem{
			Op: "read the app's client secret", Class: sam.ClassCredential,
			Plain: "The app's client secret in the vault is empty.",
			Fix:   "Store the value of a valid client secret in the vault.",
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secret, c.readAt = secret, time.Now()
	return secret, nil
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

type federatedCredential struct {
	identity azcore.TokenCredential
	scope    string
}

// FederatedCredential proves the app with a token of a user-assigned managed
// identity, which the app registration trusts by a federated identity
// credential. audience is the cloud's cloud.Cloud.FederationAudience. The
// identity's own client caches its tokens.
func FederatedCredential(identity azcore.TokenCredential, audience string) AppCredential {
	return &federatedCredential{identity: identity, scope: audience + "/.default"}
}

// Apply implements AppCredential.
func (c *federatedCredential) Apply(ctx context.Context, tenant sam.TenantID, form url.Values) error {
	token, err := c.identity.GetToken(ctx, azpolicy.TokenRequestOptions{Scopes: []string{c.scope}})
	if err != nil {
		return identityProblem(tenant, err)
	}
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", token.Token)
	return nil
}

// identityProblem explains a managed identity that gave no token. Its endpoint
// answers 400 or 403 when the identity is not assigned to the app.
func identityProblem(tenant sam.TenantID, err error) *sam.Problem {
	p := &sam.Problem{
		Op: "get a token of the managed identity", Tenant: tenant, Class: sam.ClassRetry, Err: err,
		Plain: "The managed identity gave no token.",
		Fix:   "Nothing, if it passes; otherwise see the identity settings of the function app.",
	}
	var refused *azidentity.AuthenticationFailedError
	if errors.As(err, &refused) && refused.RawResponse != nil {
		p.Status = refused.RawResponse.StatusCode
	}
	switch p.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		p.Class = sam.ClassCredential
		p.Plain = "The managed identity is not available to this function app."
		p.Fix = "Assign the user-assigned identity to the function app and check its client id in the settings."
	}
	return p
}
