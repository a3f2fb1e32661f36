package consent_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/consent"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
	simcenter "github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// held is a vault with one refresh token.
type held string

func (h held) Current(_ context.Context, c sam.ConnectionID) (vault.Version, error) {
	return vault.Version{Connection: c, ID: "00000000000000000000000000000001", Token: sam.NewSecret(string(h)), Enabled: true}, nil
}

// stage is the real task, clients and token source in the simulated cloud.
type stage struct {
	consent.Task
	sim    *simtest.Sim
	tokens *token.Source
	trail  *ledgertest.Memory
}

func newStage(t *testing.T, customers int) *stage {
	t.Helper()
	s := simtest.Start(t, simtest.Options{Customers: customers, Seed: 7, Shares: simtest.Healthy()})
	public, _ := cloud.Lookup("public")
	now := s.World.Now
	center, err := partnercenter.New(partnercenter.Config{BaseURL: s.PartnerCenterURL, Scope: public.PartnerCenterScope(), HTTP: s.HTTPClient(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	source := token.New(token.Config{
		Redeemer: entra.New(entra.Config{
			Cloud: public, LoginURL: s.LoginURL, App: world.AppID, HTTP: s.HTTPClient(), Now: now,
			Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(s.World.AppSecret()), nil }),
		}),
		Vault: held(s.MintRefreshToken(t, simtest.Mint{})), Now: now,
	})
	t.Cleanup(source.Close)
	trail := ledgertest.NewMemory(now)
	return &stage{
		Task: consent.Task{Partner: center, Trail: trail, App: world.AppID, Needs: []consent.Need{graph, arm}, Now: now},
		sim:  s, tokens: source, trail: trail,
	}
}

// play runs the task at a customer, moving the world's clock while it waits.
func (s *stage) play(t *testing.T, at string, doubted ...bool) error {
	t.Helper()
	v := jobs.Visit{
		Doubted:    len(doubted) > 0,
		Customer:   sam.Customer{ID: sam.CustomerID(at), Connection: conn},
		Credential: s.tokens.Credential(conn, sam.TenantID(at)), Partner: s.tokens.Credential(conn, conn.Tenant()), Run: "20261122T010000Z-abcd",
	}
	for range 30 {
		_, err := s.Run(t.Context(), v)
		p := sam.AsProblem(err)
		if p == nil || p.Class != sam.ClassRetry {
			return err
		}
		s.sim.World.Advance(max(p.RetryAfter, time.Second))
		v.Waited = p.Code == jobs.CodeWait
	}
	t.Fatal("it never ends")
	return nil
}

// Every way in which consent can be missing heals, with the permissions that
// are needed and no others; what cannot heal is told with its reason.
func TestHealingInTheSimulator(t *testing.T) {
	t.Parallel()
	states := []struct {
		name   string
		change func(*world.Customer)
		policy func(*world.SignInPolicy)
		want   sam.Reason
		posts  int
		graph  []string // permissions held in the end
	}{
		{name: "no service principal", change: func(c *world.Customer) { c.Consented = false }, posts: 2, graph: graph.Scopes},
		{name: "no service principal, the other code", change: func(c *world.Customer) { c.Consented = false }, posts: 2, graph: graph.Scopes},
		{name: "withdrawn", change: (*world.Customer).WithdrawConsent, posts: 2, graph: graph.Scopes},
		{name: "one service", change: func(c *world.Customer) {
			c.Grants = []world.AppGrant{{Resource: "https://graph.microsoft.com", Scopes: []string{"Directory.Read.All"}}}
		}, posts: 1, graph: []string{"Directory.Read.All"}},
		{name: "not authorised", policy: func(p *world.SignInPolicy) { p.NotPreconsented = true }, posts: 2, graph: []string{"all"}},
		{name: "there", posts: 0, graph: []string{"all"}},
		{name: "no role", change: func(c *world.Customer) { c.Consented, c.ConsentRole = false, false }, want: sam.NoConsentRole, posts: 2},
		{name: "no reseller", change: func(c *world.Customer) { c.Consented, c.NoReseller = false, true }, want: sam.NoReseller, posts: 2},
		{name: "blocked", change: func(c *world.Customer) { c.Consented, c.Blocked = false, true }, want: sam.BlockedByPolicy, posts: 2},
		{name: "other partner's", change: func(c *world.Customer) { c.Consented, c.Partners = false, []string{world.SecondPartnerTenantID} }, want: sam.NotListed, posts: 2},
		{name: "no Azure service", change: func(c *world.Customer) { c.Consented = false }, policy: func(p *world.SignInPolicy) {
			p.MissingResources = []string{"https://management.azure.com"}
		}, want: sam.ServiceMissing, posts: 2, graph: graph.Scopes},
		{name: "too few permissions", change: func(c *world.Customer) {
			c.Grants = []world.AppGrant{{Resource: "https://graph.microsoft.com", Scopes: []string{"User.Read"}}, {Resource: "https://management.azure.com", Scopes: arm.Scopes}}
		}, want: sam.ConsentMissing, posts: 1, graph: []string{"User.Read"}},
	}
	s := newStage(t, len(states))
	for i, row := range states {
		at := s.sim.World.Customers()[i].TenantID
		if row.change != nil {
			s.sim.World.Mutate(at, row.change)
		}
		if row.policy != nil {
			s.sim.World.SetPolicy(at, row.policy)
		}
		err := s.play(t, at)
		p := sam.AsProblem(err)
		if (err == nil) != (row.want == "") || p != nil && (p.Reason != row.want || p.Plain == "" || p.Fix == "") {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
		now, _ := s.sim.World.Customer(at)
		if got := now.Held("https://graph.microsoft.com", []string{"all"}); !slices.Equal(got, row.graph) {
			t.Errorf("%s: held %q, want %q", row.name, got, row.graph)
		}
		trail, terr := s.trail.AuditTrail(t.Context(), at, 0)
		asked := 0
		for _, l := range trail {
			if l.Result == "asked" {
				asked++
			}
		}
		if terr != nil || asked != row.posts {
			t.Errorf("%s: asked %d times, want %d, %v", row.name, asked, row.posts, terr)
		}
	}
}

// A token from before a consent was widened does not hide it.
func TestCachedTokenHidesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	s.sim.PartnerCenter.Set(func(d *simcenter.Dials) { d.MergeConsents = true })
	at := s.sim.World.Customers()[0].TenantID
	s.sim.World.Mutate(at, func(c *world.Customer) {
		c.Grants = []world.AppGrant{{Resource: "https://graph.microsoft.com", Scopes: []string{"User.Read"}}, {Resource: "https://management.azure.com", Scopes: arm.Scopes}}
	})
	ask := func() string {
		t.Helper()
		got, err := s.tokens.Credential(conn, sam.TenantID(at)).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph.Token}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Token
	}
	before := ask()
	if err := s.play(t, at); err != nil {
		t.Fatal(err)
	}
	if ask() == before {
		t.Error("the cache still gives the token out that lacks the permission")
	}
}

// In doubt the cache is no proof: the consent was withdrawn since.
func TestDoubtLooksPastTheCache(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	at := s.sim.World.Customers()[0].TenantID
	if err := s.play(t, at); err != nil {
		t.Fatal(err)
	}
	s.sim.World.Mutate(at, (*world.Customer).WithdrawConsent)
	if err := s.play(t, at); err != nil || s.consented(at) {
		t.Fatalf("%v, consented %v; want the cache to be believed without a doubt", err, s.consented(at))
	}
	if err := s.play(t, at, true); err != nil || !s.consented(at) {
		t.Errorf("in doubt: %v, consented %v", err, s.consented(at))
	}
}

func (s *stage) consented(at string) bool {
	c, _ := s.sim.World.Customer(at)
	return c.Consented
}
