package jobs_test

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/access"
	"github.com/samkeeper/samkeeper/internal/jobs/consent"
	"github.com/samkeeper/samkeeper/internal/jobs/directory"
	"github.com/samkeeper/samkeeper/internal/jobs/health"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

var healingTasks = []string{"consent", "health", "directory", "access"}

// newHealing is a sweep that gives missing consents.
func newHealing(t *testing.T, options simtest.Options) *sweep {
	t.Helper()
	s := newSweep(t, options, false)
	public, _ := cloud.Lookup("public")
	now, client := s.cloud.World.Now, s.cloud.HTTPClient()
	pc := must[*partnercenter.Client](t)(partnercenter.New(partnercenter.Config{
		BaseURL: s.cloud.PartnerCenterURL, Scope: public.PartnerCenterScope(), HTTP: client, Now: now,
	}))
	gr := must[*graph.Client](t)(graph.New(graph.Config{BaseURL: s.cloud.GraphURL, Scope: public.GraphScope(), HTTP: client, Now: now}))
	az := must[*arm.Client](t)(arm.New(arm.Config{Cloud: public, BaseURL: s.cloud.ARMURL, HTTP: client, Now: now}))
	s.Tasks = must[*jobs.Registry](t)(jobs.NewRegistry(
		consent.Task{Partner: pc, Trail: s.ledger, App: world.AppID, Now: now, Needs: []consent.Need{
			{Service: "Microsoft Graph", App: cloud.GraphApp, Token: public.GraphScope(), Scopes: []string{"Organization.Read.All"}},
			{Service: "Azure Resource Manager", App: cloud.ARMApp, Token: public.ARMScope(), Scopes: []string{"user_impersonation"}},
		}},
		health.Task{Azure: az, Books: pc}, directory.Task{Graph: gr},
		access.New(access.Config{Books: gr, Azure: az, Sold: pc, GraphScope: public.GraphScope(), Delegated: []string{"Organization.Read.All"}, Tasks: healingTasks}),
	))
	return s
}

// Whatever stands in the way beside a missing consent: every outcome and every
// finding is what the world said before the sweep changed it.
func TestHealingMeetsEveryAccessState(t *testing.T) {
	t.Parallel()
	s := newHealing(t, simtest.Options{Customers: 36, Seed: 21, Shares: simtest.Healthy()})
	customer := []func(*world.Customer){
		func(*world.Customer) {},
		func(c *world.Customer) { c.Gone = true },
		func(c *world.Customer) { c.NoReseller = true },
		func(c *world.Customer) { c.GraphRefuses = true },
		func(c *world.Customer) { c.ConsentRole = false },
		func(c *world.Customer) { c.Blocked = true },
		func(c *world.Customer) { c.RBAC = false },
		func(c *world.Customer) { c.GDAP = false },
		func(c *world.Customer) { c.Unassigned = true },
	}
	consents := []func(*world.Customer){
		func(c *world.Customer) { c.Consented = false },
		(*world.Customer).WithdrawConsent,
		func(c *world.Customer) {
			c.Grants = []world.AppGrant{{Resource: "https://management.azure.com", Scopes: []string{"user_impersonation"}}}
		},
		func(c *world.Customer) { c.Consented = false },
	}
	for i, c := range s.cloud.World.Customers() {
		s.cloud.World.Mutate(c.TenantID, func(c *world.Customer) {
			consents[i/len(customer)](c)
			customer[i%len(customer)](c)
		})
		if i/len(customer) == 3 {
			s.cloud.World.SetPolicy(c.TenantID, func(p *world.SignInPolicy) {
				p.NotPreconsented = i%2 == 0
				p.MissingResources = []string{"https://management.azure.com"}
			})
		}
	}
	before := s.cloud.World.Expected(healingTasks, false)
	run := s.finish(t, s.openRun(t))
	var want []verdict
	for _, o := range before.Outcomes {
		want = append(want, verdict{o.Customer, o.Task, o.State, o.Reason})
	}
	if diff := gocmp.Diff(sorted(want), s.verdicts(t, run)); diff != "" {
		t.Errorf("outcomes (-before +got):\n%s", diff)
	}
	given := 0
	for _, c := range s.cloud.World.Customers() {
		trail, err := s.ledger.AuditTrail(t.Context(), c.TenantID, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range trail {
			if line.Action == consent.Action && line.Result == "given" {
				given++
				break
			}
		}
	}
	if given != before.Consents || given == 0 {
		t.Errorf("consent given at %d customers, the world says %d", given, before.Consents)
	}
	// What was mended stays mended: a second sweep ends in the same way.
	second := s.finish(t, s.openRun(t))
	if diff := gocmp.Diff(sorted(want), s.verdicts(t, second)); diff != "" {
		t.Errorf("second sweep (-first +second):\n%s", diff)
	}
	if !slices.Equal(second.Tasks, healingTasks) {
		t.Errorf("tasks %q", second.Tasks)
	}
}
