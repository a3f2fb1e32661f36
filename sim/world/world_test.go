package world_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

func TestSameSeedSameCustomers(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	names := func(seed uint64) []string {
		var list []string
		for _, c := range world.New(world.Config{Seed: seed, Customers: 50, Start: start}).Customers() {
			list = append(list, c.TenantID+c.Name)
		}
		return list
	}
	if !slices.Equal(names(1), names(1)) || slices.Equal(names(1), names(2)) {
		t.Error("the seed does not decide the customers")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	w := world.New(world.Config{Start: start})
	if d := w.Now().Sub(start); d < 0 || d > time.Minute {
		t.Errorf("begins at %s", w.Now())
	}
	w.Advance(24 * time.Hour)
	w.Advance(-time.Hour)
	if d := w.Now().Sub(start); d < 24*time.Hour || d > 24*time.Hour+time.Minute {
		t.Errorf("now %s", w.Now())
	}
}

func TestMutateLeavesSnapshotsAlone(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{Customers: 3})
	tid := w.Customers()[1].TenantID
	before, _ := w.Customer(tid)
	if !w.Mutate(tid, func(c *world.Customer) { c.Name = "changed" }) || w.Mutate("none", nil) {
		t.Error("Mutate")
	}
	after, _ := w.Customer(tid)
	if before.Name == "changed" || after.Name != "changed" || w.Customers()[1] != after {
		t.Errorf("before %q, after %q", before.Name, after.Name)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{Customers: 5})
	tid := w.Customers()[0].TenantID
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				w.Mutate(tid, func(c *world.Customer) { c.GDAP = !c.GDAP })
				w.SetPolicy(tid, func(p *world.SignInPolicy) { p.MissingResources = append(p.MissingResources, "x") })
				w.RevokeGrants(world.IntegrationUserID)
				token := w.OpenGrant(world.Grant{User: world.IntegrationUserID})
				if _, ok := w.RenewRefresh(token); !ok {
					t.Error("a fresh token is unknown")
				}
				w.View(func() { _ = w.Partner().App.Name })
			}
		})
	}
	all.Wait()
	if n := len(w.Policy(tid).MissingResources); n != 400 {
		t.Errorf("%d changes, want 400", n)
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{})
	token := w.OpenGrant(world.Grant{User: "u", AMR: []string{"pwd"}})
	renewed, ok := w.RenewRefresh(token)
	if !ok || renewed == token || len(renewed) != 1200 {
		t.Fatalf("renewed token of %d characters", len(renewed))
	}
	if _, ok := w.RenewRefresh("unknown"); ok {
		t.Error("an unknown token was renewed")
	}
	if n := w.RevokeGrants("u"); n != 1 {
		t.Errorf("%d grants revoked", n)
	}
	if n := w.RevokeGrants("u"); n != 0 {
		t.Errorf("%d grants revoked again", n)
	}
	for _, old := range []string{token, renewed} {
		if state, ok := w.Refresh(old); !ok || !state.Revoked {
			t.Errorf("state = %+v, %v", state, ok)
		}
	}
	later := w.OpenGrant(world.Grant{User: "u"})
	if state, _ := w.Refresh(later); state.Revoked {
		t.Error("a later sign-in is revoked as well")
	}
	secrets := w.Secrets()
	for _, token := range []string{token, renewed, later, w.AppSecret()} {
		if !slices.Contains(secrets, token) {
			t.Error("a secret was not recorded")
		}
	}
}

func TestTenantNames(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{Customers: 2})
	c := w.Customers()[1]
	for name, want := range map[string]string{
		world.PartnerTenantID: world.PartnerTenantID, "PARTNER.example": world.PartnerTenantID,
		c.TenantID: c.TenantID, c.Domain: c.TenantID, "nowhere.example": "", "common": "", "": "",
	} {
		if got, ok := w.TenantByName(name); got != want || ok != (want != "") {
			t.Errorf("%q is %q", name, got)
		}
	}
	if users := w.Users(c.TenantID); len(users) != 1 || !users[0].Admin {
		t.Errorf("users of a customer: %v", users)
	}
	if users := w.Users("none"); users != nil {
		t.Errorf("users of nobody: %v", users)
	}
}

func TestUnknownCloudPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	world.New(world.Config{Cloud: "mars"})
}
