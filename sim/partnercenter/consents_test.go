package partnercenter_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/world"
)

const graphAudience = "https://graph.microsoft.com"

// held is what the login hosts know of the consents to Graph after a wait.
func (b bench) held(after time.Duration) string {
	scopes := b.world.Customers()[0].Granted(graphAudience, []string{"everything"}, b.world.Now().Add(after))
	return strings.Join(scopes, " ")
}

// One entry for each resource: it spreads, and a further consent adds nothing
// to it unless the dial says so.
func TestOneEntryForEachResource(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	b.world.Mutate(b.first(), func(c *world.Customer) { c.Consented = false })
	post := func(scope string, want int) {
		t.Helper()
		body := strings.Replace(grant, "Directory.Read.All, User.Read", scope, 1)
		if got := b.call(t, "POST", "/v1/customers/"+b.first()+"/applicationconsents", "keeper", body); got.status != want {
			t.Errorf("consent to %s: HTTP %d, want %d: %s", scope, got.status, want, got.body)
		}
	}
	post("User.Read", 201)
	if now, soon := b.held(0), b.held(time.Minute); now != "" || soon != "User.Read" {
		t.Errorf("known %q at once, %q in a minute", now, soon)
	}
	post("Organization.Read.All", 409)
	post("NoSuch.Permission", 400)
	b.service.Set(func(d *partnercenter.Dials) { d.MergeConsents, d.ConsentSpread = true, 0 })
	post("User.Read", 409)
	post("User.Read,Organization.Read.All", 201)
	if got := b.held(time.Minute); got != "Organization.Read.All User.Read" {
		t.Errorf("held %q", got)
	}
}

// Whoever lost the group that the relationships are assigned to may not consent.
func TestConsentNeedsTheGroup(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	b.world.Mutate(b.first(), func(c *world.Customer) { c.Consented = false })
	b.world.ChangeUser(world.IntegrationUserID, func(u *world.User) { u.OutOfGroup = true })
	got := b.call(t, "POST", "/v1/customers/"+b.first()+"/applicationconsents", "keeper", grant)
	if got.status != 403 || got.code() != 2032 || b.world.Customers()[0].Consented {
		t.Errorf("HTTP %d: %s", got.status, got.body)
	}
}

// A consent for delegated administrators is no repetition, though the tenant
// has the entry.
func TestConsentAuthorises(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	b.world.SetPolicy(b.first(), func(p *world.SignInPolicy) { p.NotPreconsented = true })
	for _, want := range []int{201, 201} { // the second comes before the first has spread
		if got := b.call(t, "POST", "/v1/customers/"+b.first()+"/applicationconsents", "keeper", grant); got.status != want {
			t.Errorf("HTTP %d, want %d: %s", got.status, want, got.body)
		}
	}
	policy := b.world.Policy(b.first())
	if policy.Preconsent(b.world.Now()) || !policy.Preconsent(b.world.Now().Add(time.Minute)) {
		t.Errorf("policy %+v", policy)
	}
	if c := b.world.Customers()[0]; !slices.Equal(c.Held(graphAudience, []string{"everything"}), []string{"everything"}) {
		t.Errorf("grants %+v", c.Grants)
	}
}
