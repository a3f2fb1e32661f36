package token_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// identity asks the simulator's managed-identity endpoint. azidentity would do
// the same, but keeps its tokens for the whole process, beyond one simulator.
type identity struct{ sim *simtest.Sim }

func (i identity) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	q := url.Values{"api-version": {"2019-08-01"}, "resource": {strings.TrimSuffix(o.Scopes[0], "/.default")}, "client_id": {world.IdentityClientID}}
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

// realHouse joins the real parts over the simulator: managed identity, Key
// Vault, Entra, Source.
func realHouse(t *testing.T, sim *simtest.Sim) (*token.Source, *vault.Vault) {
	t.Helper()
	options := azcore.ClientOptions{Transport: sim.HTTPClient(), Retry: policy.RetryOptions{MaxRetries: -1}}
	managed := identity{sim}
	secrets, err := azsecrets.NewClient(sim.VaultURL, managed, &azsecrets.ClientOptions{ClientOptions: options, DisableChallengeResourceVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	public, _ := cloud.Lookup("public")
	v := vault.New(secrets, sim.World.Now)
	login := entra.New(entra.Config{
		Cloud: public, LoginURL: sim.LoginURL, App: world.AppID, HTTP: sim.HTTPClient(), Now: sim.World.Now,
		Credential: entra.FederatedCredential(managed, public.FederationAudience),
	})
	source := token.New(token.Config{Redeemer: login, Vault: v, Now: sim.World.Now})
	t.Cleanup(source.Close)
	return source, v
}

func store(t *testing.T, sim *simtest.Sim, v *vault.Vault) {
	t.Helper()
	ver := version(sim.MintRefreshToken(t, simtest.Mint{}))
	ver.RedeemedAt = sim.World.Now()
	if _, err := v.Put(t.Context(), ver); err != nil {
		t.Fatal(err)
	}
}

func TestOneConnectionServesEveryCustomer(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Customers: 60, Seed: 7})
	source, v := realHouse(t, sim)
	store(t, sim, v)
	served, refused := 0, map[sam.Reason]int{}
	for _, c := range sim.World.Customers() {
		got, err := source.Credential(conn, sam.TenantID(c.TenantID)).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
		if err != nil {
			p := sam.AsProblem(err)
			if p == nil || p.Reason == sam.NoReason || p.Class == sam.ClassReconsent || p.RequestID == "" {
				t.Errorf("customer %s: %v, want an access state", c.TenantID, err)
				continue
			}
			refused[p.Reason]++
			continue
		}
		served++
		if status := visit(t.Context(), t, sim, got.Token); status != http.StatusOK {
			t.Errorf("customer %s: Graph answers %d", c.TenantID, status)
		}
	}
	if served == 0 || len(refused) < 2 {
		t.Errorf("%d served, refused %v; the world should hold both", served, refused)
	}
	t.Logf("%d served, refused %v", served, refused)
}

// visit reads the organization of the token's tenant.
func visit(ctx context.Context, t *testing.T, sim *simtest.Sim, access string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, sim.GraphURL+"/v1.0/organization", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+access)
	resp, err := sim.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

func TestConsentAfterRevocationIsFoundInTheVault(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Customers: 3, Seed: 7, Shares: simtest.Healthy()})
	source, v := realHouse(t, sim)
	store(t, sim, v)
	first, second := sim.World.Customers()[0].TenantID, sim.World.Customers()[1].TenantID
	ask := func(tenant string) error {
		_, err := source.Credential(conn, sam.TenantID(tenant)).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
		return err
	}
	if err := ask(first); err != nil {
		t.Fatal(err)
	}
	sim.World.RevokeGrants(world.IntegrationUserID)
	if p := sam.AsProblem(ask(second)); p == nil || p.Code != "AADSTS50173" || p.Class != sam.ClassCustomer {
		t.Fatalf("%v, want AADSTS50173 as this customer's state", p)
	}
	sim.World.Advance(2 * time.Minute)
	store(t, sim, v) // somebody consented again, on another instance
	if err := ask(second); err != nil {
		t.Errorf("%v, want the new token found without being told", err)
	}
}
