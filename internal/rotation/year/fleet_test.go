package year_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
	"github.com/samkeeper/samkeeper/sim/simtest"
	simworld "github.com/samkeeper/samkeeper/sim/world"
)

// keeper is the vault: the real client for the sampled connections, memory for
// the others. Both can be down.
type keeper struct {
	*vaulttest.Memory
	real   *vault.Vault
	sample map[sam.ConnectionID]bool
	down   bool // changed between sweeps only
}

var errVaultDown = &sam.Problem{
	Op: "use the vault", Class: sam.ClassRetry, Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable,
	Plain: "The vault is unavailable for the moment.", Fix: "Nothing; it is tried again later.",
}

func (k *keeper) of(c sam.ConnectionID) (rotation.Vault, error) {
	switch {
	case k.sample[c]:
		return k.real, nil
	case k.down:
		return nil, errVaultDown
	}
	return k.Memory, nil
}

func (k *keeper) Current(ctx context.Context, c sam.ConnectionID) (vault.Version, error) {
	v, err := k.of(c)
	if err != nil {
		return vault.Version{}, err
	}
	return v.Current(ctx, c)
}

func (k *keeper) Put(ctx context.Context, ver vault.Version) (vault.Version, error) {
	v, err := k.of(ver.Connection)
	if err != nil {
		return vault.Version{}, err
	}
	return v.Put(ctx, ver)
}

func (k *keeper) At(ctx context.Context, c sam.ConnectionID, id string) (vault.Version, error) {
	v, err := k.of(c)
	if err != nil {
		return vault.Version{}, err
	}
	return v.At(ctx, c, id)
}

func (k *keeper) Versions(ctx context.Context, c sam.ConnectionID) ([]vault.Version, error) {
	v, err := k.of(c)
	if err != nil {
		return nil, err
	}
	return v.Versions(ctx, c)
}

func (k *keeper) Disable(ctx context.Context, c sam.ConnectionID, id string) error {
	v, err := k.of(c)
	if err != nil {
		return err
	}
	return v.Disable(ctx, c, id)
}

func (k *keeper) Connections(ctx context.Context) ([]sam.ConnectionID, error) {
	real, err := k.real.Connections(ctx)
	if err != nil {
		return nil, err
	}
	others, err := k.Memory.Connections(ctx)
	return append(real, others...), err
}

// realVault is the real client over the simulated Key Vault.
func realVault(tb testing.TB, in *simtest.Inside) *vault.Vault {
	tb.Helper()
	client, err := azsecrets.NewClient(simtest.InsideVaultURL, identity{in}, &azsecrets.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: &http.Client{Transport: in}, Retry: policy.RetryOptions{MaxRetries: -1},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return vault.New(client, in.World.Now)
}

// identity is the simulated managed identity.
type identity struct{ in *simtest.Inside }

func (i identity) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	url := simtest.InsideIdentityURL + "?api-version=2019-08-01&client_id=" + simworld.IdentityClientID + "&resource=" + strings.TrimSuffix(o.Scopes[0], "/.default")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("X-Identity-Header", simtest.IdentityHeader)
	resp, err := i.in.RoundTrip(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		return azcore.AccessToken{}, fmt.Errorf("managed identity answers %s: %w", resp.Status, err)
	}
	return azcore.AccessToken{Token: answer.Token, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// redeemer asks sim/world directly where a redemption will succeed, and the
// real client over the simulated login host where it will not, or where the
// token belongs to a sampled connection.
type redeemer struct {
	real   *entra.Client
	world  *simworld.World
	sample map[sam.ConnectionID]bool
	broken bool // login host or credential; changed between sweeps only
}

func (r *redeemer) Redeem(ctx context.Context, q entra.RefreshRequest) (entra.Tokens, error) {
	old := q.RefreshToken.Reveal()
	state, ok := r.world.Refresh(old)
	conn := sam.NewConnectionID(sam.TenantID(state.Grant.Tenant), sam.ObjectID(state.Grant.User))
	if !ok || r.broken || state.Revoked || state.Expired(r.world.Now()) || r.sample[conn] {
		return r.real.Redeem(ctx, q)
	}
	fresh, _ := r.world.RenewRefresh(old)
	return entra.Tokens{
		Access: accessOf(conn, q), Refresh: sam.NewSecret(fresh), ExpiresOn: r.world.Now().Add(time.Hour), Scope: q.Scope,
	}, nil
}

// accessOf is an unsigned access token with what rotation looks at.
func accessOf(conn sam.ConnectionID, q entra.RefreshRequest) sam.Secret {
	resource, _, _ := strings.Cut(q.Scope, "/.default")
	body := `{"aud":"` + resource + `","tid":"` + string(q.Tenant) + `","oid":"` + string(conn.Object()) +
		`","appid":"` + simworld.AppID + `","upn":"keeper@partner.example","amr":["pwd","mfa"],"exp":4000000000}`
	return sam.NewSecret("e30." + base64.RawURLEncoding.EncodeToString([]byte(body)) + ".c2ln")
}

func realClient(in *simtest.Inside) *entra.Client {
	public, _ := cloud.Lookup("public")
	return entra.New(entra.Config{
		Cloud: public, App: simworld.AppID, HTTP: &http.Client{Transport: in}, Now: in.World.Now,
		Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(in.World.AppSecret()), nil }),
	})
}

// locks are leases that nobody else wants: there is one instance.
type locks struct {
	mu   sync.Mutex
	held map[string]bool
}

func (l *locks) Acquire(_ context.Context, name string, _ time.Duration) (rotation.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name] {
		return nil, lease.ErrHeld
	}
	l.held[name] = true
	return &held{l, name}, nil
}

type held struct {
	all  *locks
	name string
}

func (h *held) Renew(context.Context) error { return nil }

func (h *held) Release(context.Context) error {
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	delete(h.all.held, h.name)
	return nil
}
