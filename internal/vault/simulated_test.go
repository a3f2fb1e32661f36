package vault_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

const conn = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")

// identity asks the simulator's managed-identity endpoint, as azidentity does
// from the environment of a function app; tests that run in parallel have no
// environment of their own.
type identity struct{ sim *simtest.Sim }

func (i identity) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	q := url.Values{"api-version": {"2019-08-01"}, "resource": {"https://vault.azure.net"}, "client_id": {world.IdentityClientID}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.sim.IdentityURL+"?"+q.Encode(), nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("X-IDENTITY-HEADER", i.sim.IdentityHeader)
	resp, err := i.sim.HTTPClient().Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Token == "" {
		return azcore.AccessToken{}, fmt.Errorf("managed identity: HTTP %d: %w", resp.StatusCode, err)
	}
	return azcore.AccessToken{Token: body.Token, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func simulated(t *testing.T) *simtest.Sim {
	t.Helper()
	return simtest.Start(t, simtest.Options{Seed: 1})
}

// clientOf is the real Key Vault client, without the SDK's retries.
func clientOf(t *testing.T, sim *simtest.Sim) *azsecrets.Client {
	t.Helper()
	client, err := azsecrets.NewClient(sim.VaultURL, identity{sim}, &azsecrets.ClientOptions{
		ClientOptions:                        azcore.ClientOptions{Transport: sim.HTTPClient(), Retry: policy.RetryOptions{MaxRetries: -1}},
		DisableChallengeResourceVerification: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func vaultOf(t *testing.T, sim *simtest.Sim) *vault.Vault {
	t.Helper()
	return vault.New(clientOf(t, sim), sim.World.Now)
}

func TestKeyVaultKeepsThePromises(t *testing.T) {
	t.Parallel()
	vaulttest.Run(t, func(t *testing.T) vaulttest.Fixture {
		t.Helper()
		sim := simulated(t)
		return vaulttest.Fixture{
			Store:   vaultOf(t, sim),
			Seed:    func(name string, value sam.Secret) { sim.Vault.Preset(name, value.Reveal()) },
			Another: func() vaulttest.Store { return vaultOf(t, sim) },
		}
	})
}
