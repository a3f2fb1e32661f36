package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/access"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

var conn = sam.NewConnectionID(world.PartnerTenantID, world.IntegrationUserID)

// held is a vault with one refresh token.
type held string

func (h held) Current(_ context.Context, c sam.ConnectionID) (vault.Version, error) {
	return vault.Version{Connection: c, ID: "00000000000000000000000000000001", Token: sam.NewSecret(string(h)), Enabled: true}, nil
}

// radar is the task with the real clients against the simulated cloud.
type radar struct {
	*access.Task
	sim    *simtest.Sim
	tokens *token.Source
	tasks  []string
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newRadar(t *testing.T, options simtest.Options, tasks ...string) *radar {
	t.Helper()
	s := simtest.Start(t, options)
	public, _ := cloud.Lookup("public")
	now, client := s.World.Now, s.HTTPClient()
	pc := must[*partnercenter.Client](t)(partnercenter.New(partnercenter.Config{
		BaseURL: s.PartnerCenterURL, Scope: public.PartnerCenterScope(), HTTP: client, Now: now,
	}))
	gr := must[*graph.Client](t)(graph.New(graph.Config{BaseURL: s.GraphURL, Scope: public.GraphScope(), HTTP: client, Now: now}))
	az := must[*arm.Client](t)(arm.New(arm.Config{Cloud: public, BaseURL: s.ARMURL, HTTP: client, Now: now}))
	source := token.New(token.Config{
		Redeemer: entra.New(entra.Config{
			Cloud: public, LoginURL: s.LoginURL, App: world.AppID, HTTP: client, Now: now,
			Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(s.World.AppSecret()), nil }),
		}),
		Vault: held(s.MintRefreshToken(t, simtest.Mint{})), Now: now,
	})
	t.Cleanup(source.Close)
	task := access.New(access.Config{Books: gr, Azure: az, Sold: pc, GraphScope: public.GraphScope(), Delegated: []string{"Organization.Read.All"}, Tasks: tasks})
	return &radar{task, s, source, tasks}
}

// look runs the radar at every customer, hours after the last time, and
// returns "customer key" of each finding.
func (r *radar) look(t *testing.T) []string {
	t.Helper()
	r.sim.World.Advance(2 * time.Hour) // tokens and books are read anew
	var all []string
	for _, c := range r.sim.World.Customers() {
		for _, f := range r.at(t, c.TenantID).Findings {
			all = append(all, c.TenantID+" "+f.Key)
		}
	}
	slices.Sort(all)
	return all
}

func (r *radar) at(t *testing.T, tenant string) jobs.Result {
	t.Helper()
	res, err := r.Run(t.Context(), r.visit(tenant))
	if err != nil {
		t.Fatalf("customer %s: %v", tenant, err)
	}
	return res
}

func (r *radar) visit(tenant string) jobs.Visit {
	id := sam.CustomerID(tenant)
	return jobs.Visit{
		Customer:   sam.Customer{ID: id, Connection: conn},
		Credential: r.tokens.Credential(conn, id.Tenant()),
		Partner:    r.tokens.Credential(conn, conn.Tenant()),
		Now:        r.sim.World.Now(),
	}
}

// expected is the world's own answer.
func (r *radar) expected() []string {
	all := []string{}
	for _, f := range r.sim.World.Expected(append(r.tasks, "access"), false).Findings {
		if f.Task == "access" {
			all = append(all, f.Customer+" "+f.Key)
		}
	}
	slices.Sort(all)
	return all
}

// Each permission of a customer is taken away and given back: there is exactly
// one finding, at that customer, and then none.
func TestEachPermissionTakenAway(t *testing.T) {
	t.Parallel()
	r := newRadar(t, simtest.Options{Customers: 2, Seed: 5, Shares: simtest.Healthy()}, everything...)
	if got := r.look(t); len(got) != 0 {
		t.Fatalf("in a sound world: %q", got)
	}
	for i, row := range []struct {
		name string
		take func(*world.Customer)
		want string // "" for no finding
		// heals: the task "consent" would mend it first, so the world expects nothing.
		heals bool
	}{
		{name: "relationship", take: func(c *world.Customer) { c.GDAP = false }, want: "access_missing|relationship"},
		{name: "assignment", take: func(c *world.Customer) { c.Unassigned = true }, want: "access_missing|assignment"},
		{name: "role to read, not approved", take: func(c *world.Customer) { c.GraphRefuses = true }, want: "access_missing|role|directory"},
		{name: "role to read, approved but not assigned", take: func(c *world.Customer) {
			c.GraphRefuses, c.Withheld = true, []string{world.RoleDirectoryReaders}
		}, want: "access_missing|role|directory"},
		{name: "role to consent, not approved", take: func(c *world.Customer) { c.ConsentRole = false }, want: "access_missing|role|consent"},
		{name: "role to consent, approved but not assigned", take: func(c *world.Customer) {
			c.ConsentRole, c.Withheld = false, []string{world.RoleCloudAppAdmin}
		}, want: "access_missing|role|consent"},
		{name: "consent never given", take: func(c *world.Customer) { c.Consented = false }, want: "access_missing|consent", heals: true},
		{name: "consent withdrawn", take: func(c *world.Customer) { c.Consented, c.PrincipalLeft = false, true }, want: "access_missing|consent", heals: true},
		{name: "a permission of the consent", take: func(c *world.Customer) {
			c.Grants = []world.AppGrant{{Resource: "https://graph.microsoft.com", Scopes: []string{"User.Read"}}, {Resource: "https://management.azure.com", Scopes: []string{"user_impersonation"}}}
		}, want: "access_missing|consent"},
		{name: "right in Azure", take: func(c *world.Customer) { c.RBAC = false }, want: "access_missing|azure"},
		{name: "end in 89 days", take: func(c *world.Customer) { c.AutoExtend, c.RelationshipEnds = false, r.sim.World.Now().Add(89*day) }, want: "access_ending|relationship|"},
		{name: "end in an hour", take: func(c *world.Customer) { c.AutoExtend, c.RelationshipEnds = false, r.sim.World.Now().Add(3*time.Hour) }, want: "access_ending|relationship|"},
		{name: "end that moves on", take: func(c *world.Customer) { c.RelationshipEnds = r.sim.World.Now().Add(3 * time.Hour) }},
		{name: "right in Azure, but by Lighthouse", take: func(c *world.Customer) { c.RBAC, c.Lighthouse = false, true }},
		{name: "all of Azure", take: func(c *world.Customer) { c.Subscriptions, c.Offers = nil, nil }},
		{name: "Azure without books", take: func(c *world.Customer) { c.RBAC, c.NoReseller = false, true }},
		{name: "policy", take: func(c *world.Customer) { c.Blocked = true }},
		{name: "tenant", take: func(c *world.Customer) { c.Gone = true }},
	} {
		before := r.sim.World.Customers()[i%2]
		r.sim.World.Mutate(before.TenantID, row.take)
		got, want := r.look(t), r.expected()
		if !row.heals && !slices.Equal(got, want) {
			t.Errorf("%s: the radar says %q, the world %q", row.name, got, want)
		}
		exactly := len(got) == 1 && row.want != "" && strings.HasPrefix(got[0], before.TenantID+" "+row.want)
		if !exactly && (row.want != "" || len(got) != 0) {
			t.Errorf("%s: %q, want one %q", row.name, got, row.want)
		}
		r.sim.World.Mutate(before.TenantID, func(c *world.Customer) { *c = *before.Clone() })
		if got := r.look(t); len(got) != 0 {
			t.Errorf("%s given back: %q", row.name, got)
		}
	}
}

// What is there by Lighthouse is told apart in the matrix.
func TestByWhichWay(t *testing.T) {
	t.Parallel()
	r := newRadar(t, simtest.Options{Customers: 2, Seed: 5, Shares: simtest.Healthy()}, "health")
	tenant := r.sim.World.Customers()[0].TenantID
	way := func() access.Kind {
		r.sim.World.Advance(2 * time.Hour)
		doc, _ := r.at(t, tenant).Document.(access.Document)
		for _, v := range doc.Matrix {
			if v.Permission == access.Azure && v.State == access.Present {
				return v.Kind
			}
		}
		return ""
	}
	if got := way(); got != access.KindAzureRBAC {
		t.Errorf("by %q", got)
	}
	r.sim.World.Mutate(tenant, func(c *world.Customer) { c.RBAC, c.Lighthouse = false, true })
	if got := way(); got != access.KindLighthouse {
		t.Errorf("delegated: by %q", got)
	}
}

// Taken out of the group, the account has lost every customer, for one reason.
func TestAccountOutOfItsGroup(t *testing.T) {
	t.Parallel()
	r := newRadar(t, simtest.Options{Customers: 3, Seed: 6, Shares: simtest.Healthy()}, everything...)
	r.sim.World.ChangeUser(world.IntegrationUserID, func(u *world.User) { u.OutOfGroup = true })
	got := r.look(t)
	if want := r.expected(); len(got) != 3 || !slices.Equal(got, want) {
		t.Errorf("the radar says %q, the world %q", got, want)
	}
	r.sim.World.ChangeUser(world.IntegrationUserID, func(u *world.User) { u.OutOfGroup = false })
	if got := r.look(t); len(got) != 0 {
		t.Errorf("back in the group: %q", got)
	}
}

// A seeded fleet, with whichever tasks are switched on.
func TestFleetAgainstTheWorld(t *testing.T) {
	t.Parallel()
	for name, tasks := range map[string][]string{
		"all that need something": everything[1:], "directory": {"directory"}, "health": {"health"}, "alone": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRadar(t, simtest.Options{Customers: 25, Seed: 9}, tasks...)
			got, want := r.look(t), r.expected()
			if !slices.Equal(got, want) || len(tasks) > 0 && len(got) == 0 {
				t.Errorf("the radar says %q, the world %q", got, want)
			}
		})
	}
}
