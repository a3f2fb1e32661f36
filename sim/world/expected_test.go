package world_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

var (
	start    = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	allTasks = []string{world.TaskSubscriptions, world.TaskHealth, world.TaskAlerts, world.TaskDirectory}
)

func seeded(seed uint64, n int) *world.World {
	return world.New(world.Config{Seed: seed, Customers: n, Shares: world.DefaultShares(), Start: start})
}

func digest(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// The digest changes only when the seeding is meant to change.
func TestExpectedIsDeterministic(t *testing.T) {
	t.Parallel()
	first, second := seeded(1, 50), seeded(1, 50)
	if a, b := digest(t, first.Customers()), digest(t, second.Customers()); a != b {
		t.Errorf("same seed, customers %s and %s", a, b)
	}
	if got, want := digest(t, first.Expected(allTasks, true)), "c5cb4a6f1408fbe5"; got != want {
		t.Errorf("expected of seed 1: %s, want %s", got, want)
	}
	if digest(t, first.Customers()) == digest(t, seeded(2, 50).Customers()) {
		t.Error("seeds 1 and 2 give the same customers")
	}
}

func TestFiftyCustomersShowEveryKind(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		e := seeded(seed, 50).Expected(allTasks, true)
		for _, reason := range []string{"no_gdap", "consent_missing", "blocked_by_policy", "no_azure_rbac", "no_azure_subscription"} {
			if e.SkippedBy[reason] == 0 {
				t.Errorf("seed %d: nobody is skipped for %s", seed, reason)
			}
		}
		for _, kind := range []string{"resource_unhealthy", "alert_fired", "classic_alert", "subscription_state", "licence_state", "licence_overuse"} {
			if !slices.ContainsFunc(e.Findings, func(f world.ExpectedFinding) bool { return f.Kind == kind }) {
				t.Errorf("seed %d: no finding of kind %s", seed, kind)
			}
		}
	}
}

func TestNoSharesMeanNothingWrong(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{Seed: 3, Customers: 200, Start: start})
	e := w.Expected(allTasks, true)
	if e.Done != 800 || len(e.SkippedBy) != 0 || len(e.Findings) != 0 {
		t.Errorf("done %d, skipped %v, findings %v", e.Done, e.SkippedBy, e.Findings)
	}
}

// bruteForce walks everything and decides anew, the long way round.
func bruteForce(w *world.World) (skipped map[string]string, keys map[string]bool) {
	skipped, keys = map[string]string{}, map[string]bool{}
	for _, c := range w.Customers() {
		for _, task := range allTasks {
			at := c.TenantID + " " + task
			azure := task != "directory"
			sold := false
			for _, o := range c.Offers {
				sold = sold || strings.Contains(o.Name, "Azure")
			}
			switch {
			case !c.GDAP:
				skipped[at] = "no_gdap"
			case !c.Consented:
				skipped[at] = "consent_missing"
			case c.Blocked:
				skipped[at] = "blocked_by_policy"
			case azure && (!c.RBAC && !c.Lighthouse || len(c.Subscriptions) == 0) && sold:
				skipped[at] = "no_azure_rbac"
			case azure && (!c.RBAC && !c.Lighthouse || len(c.Subscriptions) == 0):
				skipped[at] = "no_azure_subscription"
			}
		}
		if !c.GDAP || !c.Consented || c.Blocked {
			continue
		}
		for _, k := range c.SKUs {
			keys[c.TenantID+" licence_state|"+k.SkuID] = k.CapabilityStatus != "Enabled"
			keys[c.TenantID+" licence_overuse|"+k.SkuID] = k.Consumed > k.Enabled
		}
		for _, s := range c.Subscriptions {
			keys[c.TenantID+" subscription_state|"+s.ID] = (c.RBAC || c.Lighthouse) && s.State != "Enabled"
			for _, r := range s.Resources {
				ill := r.Health != nil && slices.Contains([]string{"Unavailable", "Degraded"}, r.Health.State)
				keys[c.TenantID+" resource_unhealthy|"+strings.ToLower(s.ResourcePath(r))] = (c.RBAC || c.Lighthouse) && ill
			}
			for _, a := range s.Alerts {
				young := !a.Started.Add(30 * 24 * time.Hour).Before(w.Now())
				keys[c.TenantID+" alert_fired|"+strings.ToLower(s.AlertPath(a))] = (c.RBAC || c.Lighthouse) && young && a.Condition == "Fired" && a.State != "Closed"
			}
			for _, r := range s.ClassicRules {
				active := slices.ContainsFunc(r.Incidents, func(i world.Incident) bool { return i.Resolved.IsZero() })
				keys[c.TenantID+" classic_alert|"+strings.ToLower(s.RulePath(r))] = (c.RBAC || c.Lighthouse) && active
			}
		}
	}
	for key, wrong := range keys {
		if !wrong {
			delete(keys, key)
		}
	}
	return skipped, keys
}

func TestExpectedAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		w := seeded(seed, 300)
		w.Advance(11 * 24 * time.Hour) // some alerts grow too old
		e := w.Expected(allTasks, true)
		skipped, keys := bruteForce(w)
		for _, o := range e.Outcomes {
			if want := skipped[o.Customer+" "+o.Task]; o.Reason != want || (o.State == "skipped") != (want != "") {
				t.Errorf("seed %d: %s %s is %s %q, want %q", seed, o.Customer, o.Task, o.State, o.Reason, want)
			}
		}
		if len(e.Outcomes) != 1200 || e.Tasks != 1200 || e.Done+len(skipped) != 1200 {
			t.Errorf("seed %d: %d outcomes, %d tasks, %d done, %d skipped", seed, len(e.Outcomes), e.Tasks, e.Done, len(skipped))
		}
		for _, f := range e.Findings {
			if at := f.Customer + " " + f.Key; !keys[at] {
				t.Errorf("seed %d: unexpected or doubled finding %s", seed, at)
			} else {
				delete(keys, at)
			}
		}
		for key := range keys {
			t.Errorf("seed %d: finding %s is missing", seed, key)
		}
	}
}

func TestExpectedFollowsTheWorld(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*world.World, *world.Customer)
		task   string
		want   string
	}{
		"healthy":              {func(*world.World, *world.Customer) {}, world.TaskHealth, ""},
		"relationship first":   {func(_ *world.World, c *world.Customer) { c.GDAP, c.Consented, c.Gone = false, false, true }, world.TaskHealth, "no_gdap"},
		"gone":                 {func(_ *world.World, c *world.Customer) { c.Gone, c.Consented = true, false }, world.TaskDirectory, "tenant_gone"},
		"never consented":      {func(_ *world.World, c *world.Customer) { c.Consented, c.Blocked = false, true }, world.TaskDirectory, "consent_missing"},
		"consent withdrawn":    {func(_ *world.World, c *world.Customer) { c.Consented, c.PrincipalLeft = false, true }, world.TaskDirectory, "consent_missing"},
		"withdrawn, blocked":   {func(_ *world.World, c *world.Customer) { c.Consented, c.PrincipalLeft, c.Blocked = false, true, true }, world.TaskDirectory, "blocked_by_policy"},
		"blocked":              {func(_ *world.World, c *world.Customer) { c.Blocked = true }, world.TaskAlerts, "blocked_by_policy"},
		"no directory role":    {func(_ *world.World, c *world.Customer) { c.GraphRefuses = true }, world.TaskDirectory, "gdap_role_insufficient"},
		"no directory, health": {func(_ *world.World, c *world.Customer) { c.GraphRefuses = true }, world.TaskHealth, ""},
		"no roles":             {func(_ *world.World, c *world.Customer) { c.RBAC = false }, world.TaskHealth, "no_azure_rbac"},
		"no roles, directory":  {func(_ *world.World, c *world.Customer) { c.RBAC = false }, world.TaskDirectory, ""},
		"no Azure":             {func(_ *world.World, c *world.Customer) { c.Subscriptions, c.Offers = nil, nil }, world.TaskAlerts, "no_azure_subscription"},
		"not in the books":     {func(_ *world.World, c *world.Customer) { c.RBAC, c.NoReseller = false, true }, world.TaskAlerts, "no_reseller"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.New(world.Config{Customers: 1, Start: start})
			w.Mutate(w.Customers()[0].TenantID, func(c *world.Customer) { row.change(w, c) })
			if got := w.Expected([]string{row.task}, false).Outcomes[0].Reason; got != row.want {
				t.Errorf("reason %q, want %q", got, row.want)
			}
		})
	}
}

func TestExpectedKnowsPolicies(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{Customers: 2, Start: start})
	w.SetPolicy(w.Customers()[0].TenantID, func(p *world.SignInPolicy) { p.NotPreconsented = true })
	w.SetPolicy(w.Customers()[1].TenantID, func(p *world.SignInPolicy) { p.MissingResources = []string{w.Cloud().ARM} })
	got := w.Expected([]string{world.TaskHealth, world.TaskDirectory}, false).SkippedBy
	if got["consent_missing"] != 2 || got["service_missing"] != 1 {
		t.Errorf("skipped by %v", got)
	}
}

func TestExpectedJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(seeded(1, 20).Expected([]string{world.TaskHealth}, false))
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^\{"customers":20,"tasks":20,"done":\d+,"skipped_by":\{.*\},"failed_by":\{\},"outcomes":\[\{"customer":"[0-9a-f-]{36}","task":"health","state":"(done|skipped)".*\],"findings":\[\{"customer":"[0-9a-f-]{36}","task":"health","kind":"resource_unhealthy","key":"resource_unhealthy\|/subscriptions/.*"\}\]\}$`)
	if !form.Match(text) {
		t.Errorf("JSON is %.600s", text)
	}
}
