package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/sim/world"
)

// ends reads how each task of the newest run ended: "<state> <reason>" by
// customer and task.
func ends(t *testing.T, w *localworld.World, run string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, localworld.ReadTables(within(t, time.Minute), w.ConnectionString(), func(where string, row []byte) {
		var o struct{ PartitionKey, Customer, Task, State, Reason string }
		if where == "table Outcomes" && json.Unmarshal(row, &o) == nil && o.PartitionKey == run {
			all[o.Customer+" "+o.Task] = strings.TrimSpace(o.State + " " + o.Reason)
		}
	}))
	return all
}

// withoutConsent starts a world of six customers in which consent is missing in
// several ways, signs in and sweeps once.
func withoutConsent(t *testing.T, settings map[string]string) (w *localworld.World, at []string, got map[string]string) {
	t.Helper()
	w = start(t, localworld.Options{Customers: 6, Seed: 5, Shares: &world.Shares{}, Settings: settings})
	for _, c := range w.Sim.World.Customers() {
		at = append(at, c.TenantID)
	}
	for i, change := range []func(*world.Customer){
		func(c *world.Customer) { c.Consented = false },
		(*world.Customer).WithdrawConsent,
		func(c *world.Customer) { // consent to one service only
			c.Grants = []world.AppGrant{{Resource: "https://graph.microsoft.com", Scopes: []string{"Organization.Read.All"}}}
		},
		func(c *world.Customer) { c.Consented, c.ConsentRole = false, false },
	} {
		w.Sim.World.Mutate(at[i], change)
	}
	w.Sim.World.SetPolicy(at[4], func(p *world.SignInPolicy) { p.NotPreconsented = true })
	ctx := within(t, 2*time.Minute)
	must(t, w.Consent(ctx))
	must(t, w.Fire(ctx, "EnqueueCustomers"))
	run := awaitRun(t, w)
	return w, at, ends(t, w, run.ID)
}

// TestConsentHeals: consent that is missing is given, spreads, is proved, and
// the tasks that waited for it are done in the same run. Where it may not be
// given the customer says why, and whose turn it is.
func TestConsentHeals(t *testing.T) {
	w, at, got := withoutConsent(t, nil)
	for i, customer := range at {
		for _, task := range []string{"consent", "subscriptions", "health", "alerts", "directory"} {
			want := "done"
			if i == 3 {
				want = "skipped consent_missing"
				if task == "consent" {
					want = "skipped no_gdap_role"
				}
			}
			if end := got[customer+" "+task]; end != want {
				t.Errorf("customer %d, %s: %q, want %q", i, task, end, want)
			}
		}
	}
	for i, want := range []string{"Organization.Read.All", "Organization.Read.All", "Organization.Read.All", "", "all", "all"} {
		c, _ := w.Sim.World.Customer(at[i])
		if held := strings.Join(c.Held("https://graph.microsoft.com", []string{"all"}), " "); held != want {
			t.Errorf("customer %d holds %q of Graph, want %q", i, held, want)
		}
	}
	status, err := w.Status(within(t, time.Minute))
	must(t, err)
	if len(status.NoAccess) != 1 || status.NoAccess[0].Customer != at[3] || status.NoAccess[0].Reason != "no_gdap_role" ||
		status.NoAccess[0].Owner != "partner" || !strings.Contains(status.NoAccess[0].Fix, "Cloud Application Administrator") {
		t.Errorf("without access: %+v", status.NoAccess)
	}
}

// TestConsentIsLeftAlone: switched off, nothing is written at any customer and
// the tasks say what they always said.
func TestConsentIsLeftAlone(t *testing.T) {
	w, at, got := withoutConsent(t, map[string]string{"SAMKEEPER_HEAL_CONSENT": "false"})
	for i, want := range []string{"skipped consent_missing", "skipped consent_missing", "skipped consent_missing", "skipped consent_missing", "skipped consent_missing", "done"} {
		if end := got[at[i]+" health"]; end != want {
			t.Errorf("customer %d, health: %q, want %q", i, end, want)
		}
		if _, there := got[at[i]+" consent"]; there {
			t.Errorf("customer %d has an outcome of task consent", i)
		}
	}
	if n := w.Sim.Recorder.Total("partnercenter", "applicationconsents"); n != 0 {
		t.Errorf("Partner Center was asked for consent %d times", n)
	}
	if c, _ := w.Sim.World.Customer(at[0]); c.Consented || slices.Contains(c.Held("https://graph.microsoft.com", nil), "Organization.Read.All") {
		t.Error("consent was given")
	}
}
