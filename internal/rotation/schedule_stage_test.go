package rotation_test

import (
	"context"
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
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	simworld "github.com/samkeeper/samkeeper/sim/world"
)

// onStage is the connection of every schedule: the simulator's integration user.
var onStage = sam.NewConnectionID(simworld.PartnerTenantID, simworld.IntegrationUserID)

// stage is the world of one schedule: simulated login host and Key Vault with
// a clock that only moves when told to, a ledger and locks in memory, and what
// has been seen to go wrong.
type stage struct {
	cloud  *simtest.Inside
	ledger *book
	locks  *locks
	step   time.Duration // the clock moves so far with every remote call
	broken func(rotation.Vault) rotation.Vault

	raised int
	trace  strings.Builder
	seen   []keyvault.Stored
	wrong  []string
}

// newStage is a connection that somebody consented to, that was rotated twice
// and is due again.
func newStage(tb testing.TB, step time.Duration) *stage {
	tb.Helper()
	w := simworld.New(simworld.Config{Frozen: true, Terse: true, Start: time.Now().Truncate(time.Second).Add(400 * time.Millisecond)})
	s := &stage{cloud: simtest.NewInside(tb, w), ledger: &book{rows: map[sam.ConnectionID]ledger.Connection{}}, locks: &locks{now: w.Now, held: map[string]*held{}}, step: step}
	p := &process{stage: s, name: "prepare"}
	ctx, keeper := p.context(), p.vault()
	token := w.OpenGrant(signedIn(w))
	row, grant := ledger.Connection{}, ""
	for i := range 3 {
		v := vault.Version{
			Connection: onStage, Token: sam.NewSecret(token), Kind: sam.PartnerConnection, App: simworld.AppID,
			Cloud: "public", Source: vault.SourceRotation, Grant: grant, AMR: []string{"pwd", "mfa"}, RedeemedAt: w.Now(),
		}
		if i == 0 {
			v.Source = vault.SourceConsent
		}
		put, err := keeper.Put(ctx, v)
		if err != nil {
			tb.Fatal(err)
		}
		if i == 0 {
			grant = put.ID
			row = ledger.Connection{ID: onStage, Kind: sam.PartnerConnection, App: simworld.AppID, Cloud: "public", ConsentedAt: put.RedeemedAt, MFA: true}
		}
		row.RedeemedAt, row.Expires, row.Version = put.RedeemedAt, put.Expires, put.ID
		row.RotatedAt, row.ProvedAt = put.RedeemedAt, put.RedeemedAt
		token, _ = w.RenewRefresh(token)
		w.Advance(time.Hour)
	}
	if err := s.ledger.PutConnection(ctx, row); err != nil {
		tb.Fatal(err)
	}
	w.Advance(rotation.Interval + rotation.MaxJitter)
	s.trace.Reset()
	return s
}

// signedIn is what a sign-in of the integration user leaves behind.
func signedIn(w *simworld.World) simworld.Grant {
	return simworld.Grant{
		ID: rowID(), Tenant: simworld.PartnerTenantID, User: simworld.IntegrationUserID, App: simworld.AppID,
		AMR: []string{"pwd", "mfa"}, AuthTime: w.Now(),
	}
}

func (p *process) context() context.Context {
	return context.WithValue(context.Background(), processKey{}, p)
}

// vault is the real vault client with the process's clock.
func (p *process) vault() *vault.Vault {
	return vault.New(keyVaultClient(), p.clock)
}

// rotator is a real rotator with real clients in the process.
func (p *process) rotator() *rotation.Rotator {
	public, _ := cloud.Lookup("public")
	w := p.stage.cloud.World
	var keeper rotation.Vault = p.vault()
	if p.stage.broken != nil {
		keeper = p.stage.broken(keeper)
	}
	return rotation.New(rotation.Deps{
		Cloud: public, App: simworld.AppID, Vault: keeper, Ledger: processLedger{p}, Locks: processLocks{p},
		Redeemer: entra.New(entra.Config{
			Cloud: public, App: simworld.AppID, HTTP: &http.Client{Transport: wire{}}, Now: p.clock,
			Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(w.AppSecret()), nil }),
		}),
		Raise: func(context.Context, ledger.Connection) error { p.stage.raised++; return nil },
		Now:   p.clock,
	})
}

// keyVaultClient is one real client for all schedules; the process in the
// context decides whose vault it talks to. Its token is good in all of them,
// since they share their signing key.
var keyVaultClient = sync.OnceValue(func() *azsecrets.Client {
	client, err := azsecrets.NewClient(simtest.InsideVaultURL, &identityOnce{}, &azsecrets.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: wire{}, Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		panic(err)
	}
	return client
})

// identityOnce asks the managed identity of the first world that comes along.
type identityOnce struct{}

func (identityOnce) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	p, ok := ctx.Value(processKey{}).(*process)
	if !ok {
		return azcore.AccessToken{}, errGone
	}
	url := simtest.InsideIdentityURL + "?api-version=2019-08-01&client_id=" + simworld.IdentityClientID + "&resource=" + strings.TrimSuffix(o.Scopes[0], "/.default")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("X-Identity-Header", simtest.IdentityHeader)
	resp, err := p.stage.cloud.RoundTrip(req)
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
	return azcore.AccessToken{Token: answer.Token, ExpiresOn: time.Now().Add(12 * time.Hour)}, nil
}

func (s *stage) tick() { s.cloud.World.Advance(s.step) }

func (s *stage) note(who, what string, fate mishap) {
	s.trace.WriteString(who + " " + what + " " + string(fate) + "\n")
}

func (s *stage) fail(format string, args ...any) {
	if len(s.wrong) < 5 {
		s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
	}
}

// grantOf is the grant of a token, and whether it can be redeemed now.
func (s *stage) grantOf(token string) (id string, good bool) {
	state, ok := s.cloud.World.Refresh(token)
	return state.Grant.ID, ok && !state.Revoked && !state.Expired(s.cloud.World.Now())
}

// watch checks the law after a remote call of anybody: nothing that was in the
// vault is gone or changed; a version that can be redeemed is enabled; and of
// the newest consent as well, be it the consent's own or a descendant.
func (s *stage) watch(after string) {
	stored := s.cloud.Vault.Stored(vault.SecretName(onStage))
	if len(stored) < len(s.seen) {
		s.fail("after %s the vault has %d versions, had %d", after, len(stored), len(s.seen))
	}
	for i := range min(len(stored), len(s.seen)) {
		if stored[i].ID != s.seen[i].ID || stored[i].Value != s.seen[i].Value {
			s.fail("after %s version %d is another one", after, i)
		}
	}
	s.seen = stored
	usable, newest, stillNewest := false, s.newestGrant(), false
	anyGood := false
	for _, v := range stored {
		grant, good := s.grantOf(v.Value)
		anyGood = anyGood || good
		usable = usable || good && v.Enabled
		stillNewest = stillNewest || good && v.Enabled && grant == newest
	}
	if anyGood && !usable {
		s.fail("after %s no enabled version can be redeemed", after)
	}
	if anyGood && newest != "" && !stillNewest {
		s.fail("after %s no enabled version of the newest consent is left", after)
	}
}

// newestGrant is the grant of the last consent in the vault; "" once it is
// revoked.
func (s *stage) newestGrant() string {
	for i := len(s.seen) - 1; i >= 0; i-- {
		if s.seen[i].Source == vault.SourceConsent {
			if id, good := s.grantOf(s.seen[i].Value); good {
				return id
			}
			return ""
		}
	}
	return ""
}

// inUse is the newest enabled version.
func (s *stage) inUse() keyvault.Stored {
	for i := len(s.seen) - 1; i >= 0; i-- {
		if s.seen[i].Enabled {
			return s.seen[i]
		}
	}
	return keyvault.Stored{}
}

// healthy says what keeps the connection from being at rest: in use is a token
// of the newest consent, proved, on record, without a problem.
func (s *stage) healthy() string {
	current := s.inUse()
	grant, good := s.grantOf(current.Value)
	row, err := s.ledger.Connection(context.Background(), onStage)
	switch {
	case err != nil:
		return err.Error()
	case !good || grant != s.newestGrant():
		return "an older grant is in use"
	case row.Problem != nil || row.Attempts != 0:
		return fmt.Sprintf("problem %+v after %d attempts", row.Problem, row.Attempts)
	case row.Version != current.ID || row.ProvedAt.IsZero():
		return fmt.Sprintf("version %s is in use, %s on record, proved %s", current.ID, row.Version, row.ProvedAt)
	}
	return ""
}
