package world_test

import (
	"testing"

	"github.com/samkeeper/samkeeper/sim/world"
)

// healingTasks call both services at a customer.
var healingTasks = []string{world.TaskConsent, world.TaskHealth, world.TaskDirectory}

func TestExpectedWithHealing(t *testing.T) {
	t.Parallel()
	missing := func(c *world.Customer) { c.Consented = false }
	for name, row := range map[string]struct {
		change                     func(*world.Customer)
		policy                     func(*world.World, *world.SignInPolicy)
		consent, health, directory string // reasons; "" is done
		given                      int
	}{
		"all there":          {},
		"never consented":    {change: missing, given: 1},
		"withdrawn":          {change: (*world.Customer).WithdrawConsent, given: 1},
		"one service":        {change: grants("https://management.azure.com", "user_impersonation"), given: 1},
		"wider scope":        {change: grants("https://graph.microsoft.com", "Directory.Read.All"), given: 1},
		"scope missing":      {change: grants("https://graph.microsoft.com", "User.Read"), consent: "consent_missing", directory: "gdap_role_insufficient", given: 1},
		"not preconsented":   {policy: func(_ *world.World, p *world.SignInPolicy) { p.NotPreconsented = true }, given: 1},
		"role missing":       {change: func(c *world.Customer) { missing(c); c.ConsentRole = false }, consent: "no_gdap_role", health: "consent_missing", directory: "consent_missing"},
		"group not assigned": {change: func(c *world.Customer) { missing(c); c.Unassigned = true }, consent: "no_gdap_role", health: "consent_missing", directory: "consent_missing"},
		"not in the books":   {change: func(c *world.Customer) { missing(c); c.NoReseller = true }, consent: "no_reseller", health: "consent_missing", directory: "consent_missing"},
		"blocked as well":    {change: func(c *world.Customer) { missing(c); c.Blocked = true }, consent: "blocked_by_policy", health: "consent_missing", directory: "consent_missing"},
		"blocked":            {change: func(c *world.Customer) { c.Blocked = true }, consent: "blocked_by_policy", health: "blocked_by_policy", directory: "blocked_by_policy"},
		"no relationship":    {change: func(c *world.Customer) { missing(c); c.GDAP = false }, consent: "no_gdap", health: "no_gdap", directory: "no_gdap"},
		"gone":               {change: func(c *world.Customer) { missing(c); c.Gone = true }, consent: "tenant_gone", health: "tenant_gone", directory: "tenant_gone"},
		"service missing": {
			change: missing, policy: func(w *world.World, p *world.SignInPolicy) { p.MissingResources = []string{w.Cloud().ARM} },
			consent: "service_missing", health: "service_missing", given: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(world.Config{Customers: 1, Start: start})
			id := w.Customers()[0].TenantID
			if row.change != nil {
				w.Mutate(id, row.change)
			}
			if row.policy != nil {
				w.SetPolicy(id, func(p *world.SignInPolicy) { row.policy(w, p) })
			}
			e := w.Expected(healingTasks, false)
			for i, want := range []string{row.consent, row.health, row.directory} {
				if got := e.Outcomes[i].Reason; got != want {
					t.Errorf("%s: reason %q, want %q", healingTasks[i], got, want)
				}
			}
			if e.Consents != row.given {
				t.Errorf("%d consents given, want %d", e.Consents, row.given)
			}
		})
	}
}

// grants leaves the customer with one grant only.
func grants(resource string, scopes ...string) func(*world.Customer) {
	return func(c *world.Customer) { c.Grants = []world.AppGrant{{Resource: resource, Scopes: scopes}} }
}

// A fleet shows both what heals and what cannot.
func TestFleetsHealInPart(t *testing.T) {
	t.Parallel()
	e := seeded(7, 60).Expected(healingTasks, false)
	if e.Consents == 0 || e.SkippedBy["no_gdap_role"] == 0 {
		t.Errorf("%d consents, skipped %v", e.Consents, e.SkippedBy)
	}
}
