package entra

import (
	"context"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// keysOf returns the tenant's key set, made once. go-oidc keeps the keys and
// fetches them again when a token names an unknown one.
func (c *Client) keysOf(tenant sam.TenantID) *oidc.RemoteKeySet {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys, ok := c.keys[tenant]
	if !ok {
		// The key set outlives the request that made it: the context only
		// carries the HTTP client.
		ctx := oidc.ClientContext(context.Background(), c.http)
		keys = oidc.NewRemoteKeySet(ctx, c.login+"/"+string(tenant)+"/discovery/v2.0/keys")
		c.keys[tenant] = keys
	}
	return keys
}

// noticing tells keys that could not be fetched from a signature that is
// wrong: the verifier above it flattens both into text.
type noticing struct {
	keys        oidc.KeySet
	unreachable bool
}

// VerifySignature implements oidc.KeySet.
func (n *noticing) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := n.keys.VerifySignature(ctx, jwt)
	n.unreachable = err != nil && strings.HasPrefix(err.Error(), "fetching keys")
	return payload, err
}
