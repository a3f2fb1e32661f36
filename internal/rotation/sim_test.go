package rotation_test

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
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	simworld "github.com/samkeeper/samkeeper/sim/world"
)

// simIdentity is a managed identity whose tokens are never cached: the
// simulator's clock runs faster than the one the SDK's caches look at.
type simIdentity struct{ *simtest.Sim }

func (s simIdentity) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	query := url.Values{
		"api-version": {"2019-08-01"}, "client_id": {simworld.IdentityClientID},
		"resource": {strings.TrimSuffix(o.Scopes[0], "/.default")},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.IdentityURL+"?"+query.Encode(), nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("X-Identity-Header", s.IdentityHeader)
	res, err := s.HTTPClient().Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer res.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Token == "" {
		return azcore.AccessToken{}, fmt.Errorf("managed identity answers %s: %w", res.Status, err)
	}
	return azcore.AccessToken{Token: answer.Token, ExpiresOn: time.Now().Add(time.Second)}, nil
}

// simulated is a rotator with the real clients for vault and login endpoint,
// and a connection as if somebody had just consented.
type simulated struct {
	*simtest.Sim
	vault   *vault.Vault
	ledger  *ledgertest.Memory
	rotator *rotation.Rotator
	raised  []ledger.Connection
}

func startSimulated(t *testing.T) *simulated {
	t.Helper()
	s := &simulated{Sim: simtest.Start(t, simtest.Options{Seed: 1})}
	transport := azcore.ClientOptions{Transport: s.HTTPClient(), Retry: policy.RetryOptions{MaxRetries: -1}}
	client, err := azsecrets.NewClient(s.VaultURL, simIdentity{s.Sim}, &azsecrets.ClientOptions{
		ClientOptions: transport, DisableChallengeResourceVerification: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	public, _ := cloud.Lookup("public")
	s.vault = vault.New(client, s.World.Now)
	s.ledger = ledgertest.NewMemory(s.World.Now)
	locks := &locks{now: s.World.Now, held: map[string]*held{}}
	s.rotator = rotation.New(rotation.Deps{
		Cloud: public, App: simworld.AppID, Vault: s.vault, Ledger: s.ledger, Locks: wiredLocks{&machine{}, locks},
		Redeemer: entra.New(entra.Config{
			Cloud: public, LoginURL: s.LoginURL, App: simworld.AppID, HTTP: s.HTTPClient(), Now: s.World.Now,
			Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(s.World.AppSecret()), nil }),
		}),
		Raise: func(_ context.Context, c ledger.Connection) error { s.raised = append(s.raised, c); return nil },
		Now:   s.World.Now,
	})
	_, err = s.vault.Put(t.Context(), vault.Version{
		Connection: s.connection(), Token: sam.NewSecret(s.MintRefreshToken(t, simtest.Mint{})), Kind: sam.PartnerConnection,
		App: simworld.AppID, Cloud: "public", Source: vault.SourceConsent, RedeemedAt: s.World.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *simulated) connection() sam.ConnectionID {
	return sam.NewConnectionID(simworld.PartnerTenantID, simworld.IntegrationUserID)
}

func (s *simulated) sweep(t *testing.T) rotation.Result {
	t.Helper()
	report, err := s.rotator.RotateDue(t.Context())
	if err != nil || len(report.Results) != 1 {
		t.Fatalf("got %+v, %v", report, err)
	}
	return report.Results[0]
}

// A token lives 90 days; rotated every tenth day it is alive after 200.
func TestAgainstTheSimulatorATokenOutlivesItsLifetime(t *testing.T) {
	t.Parallel()
	s := startSimulated(t)
	for day := 0; day < 200; day += 10 {
		if r := s.sweep(t); r.State != rotation.Rotated || r.Err != nil {
			t.Fatalf("day %d: %+v", day, r)
		}
		s.World.Advance(10 * 24 * time.Hour)
	}
	versions, err := s.vault.Versions(t.Context(), s.connection())
	if err != nil {
		t.Fatal(err)
	}
	enabled := 0
	for _, v := range versions {
		if v.Enabled {
			enabled++
		}
	}
	if len(versions) != 21 || enabled != 2 {
		t.Errorf("%d versions, %d enabled; want 21, none deleted, and 2", len(versions), enabled)
	}
}

func TestAgainstTheSimulatorAnEndedGrantIsRaisedOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		end  func(*simulated)
	}{
		{"revoked", func(s *simulated) { s.World.RevokeGrants(simworld.IntegrationUserID) }},
		{"not rotated for 91 days", func(s *simulated) { s.World.Advance(91 * 24 * time.Hour) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startSimulated(t)
			if r := s.sweep(t); r.State != rotation.Rotated {
				t.Fatalf("got %+v", r)
			}
			s.World.Advance(27 * time.Hour)
			tt.end(s)
			for range 3 {
				if r := s.sweep(t); r.State != rotation.Failed || sam.ClassOf(r.Err) != sam.ClassReconsent || !strings.HasPrefix(sam.AsProblem(r.Err).Code, "AADSTS") {
					t.Fatalf("got %+v", r)
				}
				s.World.Advance(25 * time.Hour)
			}
			if len(s.raised) != 1 {
				t.Errorf("raised %d times", len(s.raised))
			}
		})
	}
}
