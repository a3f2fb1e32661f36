package entra_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

const arm = "https://management.azure.com"

// A consent counts from when it has spread, for its own service, and with the
// permissions it names.
func TestConsentSpreads(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	customer := c.World.Customers()[0].TenantID
	refresh := c.MintRefreshToken(t, simtest.Mint{})
	ask := func(scope string) reply {
		t.Helper()
		return c.post(t, v2(customer), values(c.redeeming(refresh), "scope", scope))
	}
	known := c.World.Now().Add(time.Hour)
	c.World.Mutate(customer, func(m *world.Customer) {
		m.Consented = false
		m.Consent(world.AppGrant{Resource: "https://graph.microsoft.com", Scopes: []string{"Organization.Read.All", "User.Read"}, Known: known})
	})
	if r := ask(graph); r.code() != 700016 && r.code() != 7000229 {
		t.Errorf("before it has spread: %s", r.text)
	}
	c.World.Advance(time.Hour)
	r := ask(graph)
	if r.status != http.StatusOK || !strings.Contains(r.string("scope"), "/Organization.Read.All") || strings.Contains(r.string("scope"), "Directory.Read.All") {
		t.Errorf("after it has spread: %s", r.text)
	}
	if r := ask("https://graph.microsoft.com/User.Read"); r.string("scope") != "https://graph.microsoft.com/User.Read" {
		t.Errorf("one permission: %s", r.text)
	}
	for _, scope := range []string{"https://graph.microsoft.com/Directory.Read.All", arm + "/.default"} {
		if r := ask(scope); r.code() != 65001 {
			t.Errorf("%s: %s", scope, r.text)
		}
	}
}

// Partner Center's consent also ends the refusal of delegated administrators.
func TestPreconsentSpreads(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	customer := c.World.Customers()[0].TenantID
	refresh := c.MintRefreshToken(t, simtest.Mint{})
	c.World.SetPolicy(customer, func(p *world.SignInPolicy) {
		p.NotPreconsented, p.Preconsented = true, c.World.Now().Add(time.Hour)
	})
	if r := c.post(t, v2(customer), c.redeeming(refresh)); r.code() != 90099 {
		t.Errorf("before: %s", r.text)
	}
	c.World.Advance(time.Hour)
	if r := c.post(t, v2(customer), c.redeeming(refresh)); r.status != http.StatusOK {
		t.Errorf("after: %s", r.text)
	}
}
