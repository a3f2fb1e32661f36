package main_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/internal/statuspage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// fleet is the real program with its storage, against a simulated cloud.
type fleet struct {
	*running
	sim     *simtest.Sim
	storage string
	log     strings.Builder
}

func startFleet(t *testing.T, sim *simtest.Sim, settings map[string]string) *fleet {
	t.Helper()
	store := azurite.ForTest(t)
	env := maps.Clone(sim.Env())
	env["AzureWebJobsStorage"] = store.ConnectionString()
	env["SAMKEEPER_PUBLIC_URL"] = "http://localhost:7071"
	maps.Copy(env, settings)
	return &fleet{running: start(t, env), sim: sim, storage: store.ConnectionString()}
}

// connect signs a person in at a tenant and wants the token stored.
func (f *fleet) connect(t *testing.T, tenant, person string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begun, err := client.Get(f.URL + "/api/consent?tenant=" + tenant)
	if err != nil {
		t.Fatal(err)
	}
	_ = begun.Body.Close()
	if begun.StatusCode != http.StatusSeeOther {
		t.Fatalf("consent start for %s: %d", tenant, begun.StatusCode)
	}
	callback := f.sim.SignIn(t, begun.Header.Get("Location"), simtest.Person{User: person})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL+callback.URL.RequestURI(), strings.NewReader(callback.Form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.AddCookie(begun.Cookies()[0])
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("callback of %s: %d\n%s", person, answer.StatusCode, page)
	}
}

// work hands up to n messages to the program and returns which connection each
// customer was queued with.
func (f *fleet) work(t *testing.T, n int) map[string]string {
	t.Helper()
	service, err := azqueue.NewServiceClientFromConnectionString(f.storage, nil)
	if err != nil {
		t.Fatal(err)
	}
	queue, by := service.NewQueueClient("customer-jobs"), map[string]string{}
	for range n {
		batch, err := queue.DequeueMessages(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Messages) == 0 {
			return by
		}
		m := batch.Messages[0]
		body, err := base64.StdEncoding.DecodeString(*m.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		var job struct{ Customer, Connection string }
		if err := json.Unmarshal(body, &job); err != nil {
			t.Fatal(err)
		}
		if by[job.Customer] != "" {
			t.Errorf("customer %s is visited twice", job.Customer)
		}
		by[job.Customer] = job.Connection
		f.post(t, "/RunCustomerJob", `{"Data":{"message":"`+*m.MessageText+`"},"Metadata":{"DequeueCount":"1"}}`, http.StatusOK)
		if _, err := queue.DeleteMessage(t.Context(), *m.MessageID, *m.PopReceipt, nil); err != nil {
			t.Fatal(err)
		}
	}
	return by
}

// everything is more messages than any of these tests has.
const everything = 1000

// sweep opens a run, does all of it and wants it closed with nobody failed.
func (f *fleet) sweep(t *testing.T) map[string]string {
	t.Helper()
	f.timer(t, "EnqueueCustomers", http.StatusOK)
	by := f.work(t, everything)
	f.closed(t)
	return by
}

func (f *fleet) closed(t *testing.T) statuspage.Status {
	t.Helper()
	f.timer(t, "SuperviseRuns", http.StatusOK)
	s := f.status(t)
	if r := s.Runs[0]; r.State != "closed" || r.Failed != 0 || r.Done+r.Skipped != r.Expected || r.Expected == 0 {
		t.Fatalf("run %+v\nfailures %+v", r, s.Failures)
	}
	return s
}

// alerts counts the lines that call for a person, since the start.
func (f *fleet) alerts() int {
	f.log.WriteString(f.logged())
	return strings.Count(f.log.String(), "connection needs a person")
}

// row finds a connection on the status page.
func row(t *testing.T, s statuspage.Status, object string) statuspage.Connection {
	t.Helper()
	i := slices.IndexFunc(s.Connections, func(c statuspage.Connection) bool { return string(c.ID.Object()) == object })
	if i < 0 {
		t.Fatalf("no connection of %s among %+v", object, s.Connections)
	}
	return s.Connections[i]
}

func servedOnlyBy(t *testing.T, by map[string]string, customers int, object string) {
	t.Helper()
	if len(by) != customers {
		t.Errorf("%d customers queued, want %d", len(by), customers)
	}
	for customer, conn := range by {
		if !strings.HasSuffix(conn, "."+object) {
			t.Errorf("customer %s is served by %s, want %s", customer, conn, object)
		}
	}
}

// TestAStandbyTakesOver revokes the first grant in the middle of a sweep: no
// task fails, one alert, the standby serves; only a new consent brings the
// primary back.
func TestAStandbyTakesOver(t *testing.T) {
	t.Parallel()
	const customers = 12
	sim := simtest.Start(t, simtest.Options{Customers: customers, Seed: 5, Shares: simtest.Healthy()})
	f := startFleet(t, sim, map[string]string{"SAMKEEPER_CONSENT_ACCOUNTS": world.IntegrationUserID + "," + world.StandbyUserID})
	f.connect(t, world.PartnerTenantID, world.IntegrationUserID)
	f.connect(t, world.PartnerTenantID, world.StandbyUserID)
	f.timer(t, "RotateRefreshTokens", http.StatusOK)
	if one := row(t, f.status(t), world.IntegrationUserID); one.Role != "primary" || !one.Serving {
		t.Fatalf("first account %+v", one)
	}

	f.timer(t, "EnqueueCustomers", http.StatusOK)
	servedOnlyBy(t, f.work(t, 4), 4, world.IntegrationUserID)
	sim.World.RevokeGrants(world.IntegrationUserID)
	servedOnlyBy(t, f.work(t, everything), customers-4, world.IntegrationUserID) // queued before
	s := f.closed(t)
	if s.Runs[0].Done != s.Runs[0].Expected {
		t.Errorf("run %+v", s.Runs[0])
	}
	if n := f.alerts(); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
	if one, two := row(t, s, world.IntegrationUserID), row(t, s, world.StandbyUserID); one.State != statuspage.Broken || one.Serving || one.Problem == nil || one.Problem.Class != "reconsent" || !two.Serving || two.Role != "standby" {
		t.Errorf("primary %+v\nstandby %+v", one, two)
	}

	f.timer(t, "RotateRefreshTokens", http.StatusInternalServerError) // the daily probe of the dead one
	servedOnlyBy(t, f.sweep(t), customers, world.StandbyUserID)
	if n := f.alerts(); n != 1 {
		t.Errorf("%d alerts after a rotation and a sweep, want 1", n)
	}

	f.connect(t, world.PartnerTenantID, world.IntegrationUserID)
	if one := row(t, f.status(t), world.IntegrationUserID); !one.Serving || one.Role != "primary" || one.Problem != nil {
		t.Errorf("consented again: %+v", one)
	}
	servedOnlyBy(t, f.sweep(t), customers, world.IntegrationUserID)
	if n := f.alerts(); n != 1 {
		t.Errorf("%d alerts in the end, want 1", n)
	}
}

// TestADeadPrimaryAtDiscovery finds the first grant dead before the sweep.
func TestADeadPrimaryAtDiscovery(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Customers: 3, Seed: 6, Shares: simtest.Healthy()})
	f := startFleet(t, sim, map[string]string{"SAMKEEPER_CONSENT_ACCOUNTS": world.IntegrationUserID + "," + world.StandbyUserID})
	f.connect(t, world.PartnerTenantID, world.IntegrationUserID)
	f.connect(t, world.PartnerTenantID, world.StandbyUserID)
	sim.World.ChangeUser(world.IntegrationUserID, func(u *world.User) { u.Disabled = true })
	servedOnlyBy(t, f.sweep(t), 3, world.StandbyUserID)
	if n := f.alerts(); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
}

// TestSeveralPartnerTenants sweeps the customers of two partners, each with its
// own connection, and a customer of both once, by the same one every time.
func TestSeveralPartnerTenants(t *testing.T) {
	t.Parallel()
	const customers = 6
	sim := simtest.Start(t, simtest.Options{Customers: customers, Seed: 9, Shares: simtest.Healthy()})
	all := sim.World.Customers()
	both := []string{world.PartnerTenantID, world.SecondPartnerTenantID}
	for i, partners := range [][]string{{world.SecondPartnerTenantID}, {world.SecondPartnerTenantID}, both, both} {
		sim.World.Mutate(all[i].TenantID, func(c *world.Customer) { c.Partners = partners })
	}
	f := startFleet(t, sim, map[string]string{
		"SAMKEEPER_PARTNER_TENANTS":  strings.Join(both, ","),
		"SAMKEEPER_CONSENT_ACCOUNTS": world.IntegrationUserID + "," + world.SecondIntegrationUserID,
	})
	f.connect(t, world.SecondPartnerTenantID, world.SecondIntegrationUserID)
	first := f.sweep(t) // the second partner alone
	servedOnlyBy(t, first, 4, world.SecondIntegrationUserID)
	f.connect(t, world.PartnerTenantID, world.IntegrationUserID)
	f.timer(t, "RotateRefreshTokens", http.StatusOK)
	second := f.sweep(t)
	if len(second) != customers {
		t.Errorf("%d customers queued, want %d", len(second), customers)
	}
	for i, c := range all {
		want := world.IntegrationUserID
		if i < 4 { // its own, or known to it before
			want = world.SecondIntegrationUserID
		}
		if got := second[c.TenantID]; !strings.HasSuffix(got, "."+want) {
			t.Errorf("customer %d is served by %s, want %s", i, got, want)
		}
	}
	if third := f.sweep(t); !maps.Equal(second, third) {
		t.Errorf("customers changed hands: %v, then %v", second, third)
	}
	s := f.closed(t)
	for _, who := range []string{world.IntegrationUserID, world.SecondIntegrationUserID} {
		if c := row(t, s, who); c.Role != "primary" || !c.Serving || c.MFACompliant == nil || !*c.MFACompliant || c.State != statuspage.Healthy {
			t.Errorf("connection %+v", c)
		}
	}
}

// TestACustomerOfItsOwn lets a customer consent for itself, from its sign-in
// to its findings, alone and beside the partner who serves it, too.
func TestACustomerOfItsOwn(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Customers: 3, Seed: 4, Shares: &world.Shares{Unhealthy: 1, LicenceTrouble: 1}})
	own := sim.World.Customers()[0]
	sim.World.Mutate(own.TenantID, func(c *world.Customer) { c.GDAP, c.Consented, c.NoReseller = false, false, true })
	admin := sim.World.Users(own.TenantID)[0]
	f := startFleet(t, sim, map[string]string{
		"SAMKEEPER_DIRECT_TENANTS":   own.TenantID,
		"SAMKEEPER_CONSENT_ACCOUNTS": world.IntegrationUserID + "," + admin.UPN,
	})
	f.connect(t, own.TenantID, admin.Object)
	f.timer(t, "RotateRefreshTokens", http.StatusOK)
	s := f.status(t)
	if c := row(t, s, admin.Object); c.Kind != "direct" || c.Role != "direct" || !c.Serving || !c.Proved || c.State != statuspage.Healthy || c.MFACompliant != nil {
		t.Errorf("connection %+v", c)
	}
	servedOnlyBy(t, f.sweep(t), 1, admin.Object)
	s = f.closed(t)
	if s.Runs[0].Done != len(config.KnownTasks) || len(s.NoAccess) != 0 || s.FindingsOpen == 0 || s.Findings[0].CustomerName != own.Name {
		t.Errorf("run %+v, without access %+v, findings %+v", s.Runs[0], s.NoAccess, s.Findings)
	}

	f.connect(t, world.PartnerTenantID, world.IntegrationUserID)
	by := f.sweep(t)
	if len(by) != 3 || !strings.HasSuffix(by[own.TenantID], "."+admin.Object) {
		t.Errorf("served by %v", by)
	}
}

// TestACustomerThatWithdraws ends its own grant: it alone is affected, and its
// connection says so.
func TestACustomerThatWithdraws(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Customers: 3, Seed: 4, Shares: simtest.Healthy()})
	own := sim.World.Customers()[0]
	sim.World.Mutate(own.TenantID, func(c *world.Customer) { c.GDAP = false })
	admin := sim.World.Users(own.TenantID)[0]
	f := startFleet(t, sim, map[string]string{
		"SAMKEEPER_DIRECT_TENANTS":   own.TenantID,
		"SAMKEEPER_CONSENT_ACCOUNTS": world.IntegrationUserID + "," + admin.UPN,
	})
	f.connect(t, own.TenantID, admin.Object)
	f.connect(t, world.PartnerTenantID, world.IntegrationUserID)
	sim.World.RevokeGrants(admin.Object)
	servedOnlyBy(t, f.sweep(t), 3, world.IntegrationUserID) // itself as well: the radar looks also where there is no way in
	s := f.status(t)
	if c := row(t, s, admin.Object); c.State != statuspage.Broken || c.Serving {
		t.Errorf("connection %+v", c)
	}
	if len(s.NoAccess) != 1 || string(s.NoAccess[0].Customer) != own.TenantID {
		t.Errorf("without access: %+v", s.NoAccess)
	}
	if n := f.alerts(); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
}

// TestPartnerCentersWordOnMFA: accepted; served and announced to be refused; and
// refused, in both forms.
func TestPartnerCentersWordOnMFA(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dials     string
		state     statuspage.State
		compliant bool
		warning   string
		problem   string
		alerts    int
	}{
		"accepted":              {`{}`, statuspage.Healthy, true, "", "", 0},
		"about to be refused":   {`{"partnercenter":{"mfa_ignored":true,"mfa_share":0}}`, statuspage.Warning, false, "mfa_not_compliant", "", 1},
		"refused by code":       {`{"partnercenter":{"mfa_ignored":true,"mfa_share":100}}`, statuspage.Broken, false, "", "900421", 1},
		"refused by old phrase": {`{"partnercenter":{"mfa_ignored":true,"mfa_share":100,"mfa_phrase":true}}`, statuspage.Broken, false, "", "900421", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t, simtest.Options{Customers: 2, Seed: 8, Shares: simtest.Healthy()})
			f := startFleet(t, sim, nil)
			f.connect(t, world.PartnerTenantID, world.IntegrationUserID)
			answer, err := http.Post(sim.ControlURL+"/sim/dials", "application/json", strings.NewReader(tt.dials))
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			f.timer(t, "RotateRefreshTokens", http.StatusOK)
			c := row(t, f.status(t), world.IntegrationUserID)
			if c.State != tt.state || c.MFACompliant == nil || *c.MFACompliant != tt.compliant || c.MFACheckedAt == nil {
				t.Errorf("connection %+v", c)
			}
			for what, pair := range map[string]struct {
				got  *statuspage.Problem
				want string
			}{"warning": {c.Warning, tt.warning}, "problem": {c.Problem, tt.problem}} {
				if (pair.got == nil) != (pair.want == "") || pair.got != nil && (pair.got.Code != pair.want || pair.got.Plain == "" || !strings.Contains(pair.got.Fix, "/api/consent?tenant=")) {
					t.Errorf("%s %+v, want %q", what, pair.got, pair.want)
				}
			}
			for range 2 {
				f.timer(t, "RotateRefreshTokens", http.StatusOK)
			}
			if n := f.alerts(); n != tt.alerts {
				t.Errorf("%d alerts, want %d", n, tt.alerts)
			}
			if tt.state != statuspage.Broken {
				f.sweep(t)
				return
			}
			f.timer(t, "EnqueueCustomers", http.StatusInternalServerError)
			if n := f.alerts(); n != tt.alerts {
				t.Errorf("%d alerts after a sweep that could not begin, want %d", n, tt.alerts)
			}
		})
	}
}
