package consent_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/sim/simtest"
	simworld "github.com/samkeeper/samkeeper/sim/world"
)

// direct is a world around the simulator with a customer of its own.
type direct struct {
	*world
	cloud *simtest.Sim
	drop  bool // the tenant leaves the list during the sign-in
}

// newDirectWorld lets the first customer consent for itself; only its own
// administrator is on the list.
func newDirectWorld(t *testing.T) (*direct, sam.TenantID, simworld.User) {
	t.Helper()
	cloud := simtest.Start(t, simtest.Options{Seed: 1, Customers: 2, Shares: simtest.Healthy()})
	w := &direct{world: &world{idp: &idp{}, now: cloud.World.Now(), secret: cloud.World.AppSecret()}, cloud: cloud}
	customer := cloud.World.Customers()[0].TenantID
	admin := cloud.World.Users(customer)[0]
	w.furnish(cloud.LoginURL, cloud.HTTPClient())
	w.deps.RedirectURI = "http://localhost:7071/api/consent/callback"
	w.deps.Direct = []sam.TenantID{sam.TenantID(customer)}
	w.deps.Accounts = append(w.deps.Accounts, admin.UPN)
	w.flow = consent.New(w.deps)
	return w, sam.TenantID(customer), admin
}

// signIn walks one consent for the tenant.
func (w *direct) signIn(t *testing.T, tenant sam.TenantID, p simtest.Person) (consent.Receipt, error) {
	t.Helper()
	r, err := w.flow.Start(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	if partners := strings.Contains(asked.Query().Get("scope"), "partnercenter"); partners != (tenant == partner) {
		t.Errorf("scope %q for tenant %s", asked.Query().Get("scope"), tenant)
	}
	back := w.cloud.SignIn(t, r.URL, p)
	return w.flow.Complete(t.Context(), consent.Callback{Method: back.Method, Values: back.Form, Cookie: r.Cookie.Value})
}

func TestACustomerConsentsItself(t *testing.T) {
	t.Parallel()
	w, tenant, admin := newDirectWorld(t)
	receipt, err := w.signIn(t, tenant, simtest.Person{User: admin.Object})
	if err != nil {
		t.Fatal(err)
	}
	id := sam.NewConnectionID(tenant, sam.ObjectID(admin.Object))
	row, err := w.ledger.Connection(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Connection != id || row.Kind != sam.DirectConnection || !row.MFA || !row.Primary {
		t.Errorf("receipt %+v, row %+v", receipt, row)
	}
	stored, err := w.vault.Current(t.Context(), id)
	if err != nil || stored.Kind != sam.DirectConnection {
		t.Errorf("vault holds kind %q, %v", stored.Kind, err)
	}
}

func TestADirectConsentIsHeldToTheSameRules(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		person simtest.Person
		change func(*direct, *simworld.User)
		status int
		plain  string
	}{
		"without MFA": {simtest.Person{SkipMFA: true}, nil, http.StatusForbidden, "multi-factor"},
		"cancelled":   {simtest.Person{Cancel: true}, nil, http.StatusBadRequest, ""},
		"account not on the list": {simtest.Person{}, func(w *direct, _ *simworld.User) {
			w.deps.Accounts = []string{upn}
		}, http.StatusForbidden, "not on the list"},
		"tenant taken off the list meanwhile": {simtest.Person{}, func(w *direct, _ *simworld.User) { w.drop = true }, http.StatusForbidden, "does not accept"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, tenant, admin := newDirectWorld(t)
			if row.change != nil {
				row.change(w, &admin)
				w.flow = consent.New(w.deps)
			}
			r, err := w.flow.Start(t.Context(), tenant)
			if err != nil {
				t.Fatal(err)
			}
			row.person.User = admin.Object
			back := w.cloud.SignIn(t, r.URL, row.person)
			if w.drop {
				w.deps.Direct = nil
				w.flow = consent.New(w.deps)
			}
			_, err = w.flow.Complete(t.Context(), consent.Callback{Method: back.Method, Values: back.Form, Cookie: r.Cookie.Value})
			wantRefusal(t, err, row.status, row.plain)
			if all, err := w.ledger.Connections(t.Context()); err != nil || len(all) != 0 {
				t.Errorf("%d connections stored, %v", len(all), err)
			}
		})
	}
}

// The first account of a tenant is its primary and stays it, also when it
// consents again; the next ones are standbys.
func TestTheFirstAccountIsPrimary(t *testing.T) {
	t.Parallel()
	w, tenant, admin := newDirectWorld(t)
	w.deps.Accounts = append(w.deps.Accounts, simworld.StandbyUserID)
	w.flow = consent.New(w.deps)
	for _, step := range []struct {
		tenant  sam.TenantID
		person  string
		primary bool
	}{
		{partner, simworld.IntegrationUserID, true},
		{partner, simworld.StandbyUserID, false},
		{tenant, admin.Object, true},
		{partner, simworld.StandbyUserID, false},
		{partner, simworld.IntegrationUserID, true},
	} {
		if _, err := w.signIn(t, step.tenant, simtest.Person{User: step.person}); err != nil {
			t.Fatal(err)
		}
		row, err := w.ledger.Connection(t.Context(), sam.NewConnectionID(step.tenant, sam.ObjectID(step.person)))
		if err != nil || row.Primary != step.primary {
			t.Errorf("%s: primary %v, %v", step.person, row.Primary, err)
		}
	}
}

// A consent mends what was wrong, and the mark of a person survives it.
func TestConsentMendsABrokenConnection(t *testing.T) {
	t.Parallel()
	w, tenant, admin := newDirectWorld(t)
	id := sam.NewConnectionID(tenant, sam.ObjectID(admin.Object))
	err := w.ledger.PutConnection(t.Context(), ledger.Connection{
		ID: id, Kind: sam.DirectConnection, Primary: true, BrokenAt: w.now,
		Problem: &ledger.ConnectionProblem{Class: sam.ClassReconsent}, Warning: &ledger.ConnectionProblem{Class: sam.ClassReconsent},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.signIn(t, tenant, simtest.Person{User: admin.Object}); err != nil {
		t.Fatal(err)
	}
	row, err := w.ledger.Connection(t.Context(), id)
	if err != nil || !row.Primary || !row.BrokenAt.IsZero() || row.Problem != nil || row.Warning != nil {
		t.Errorf("row %+v, %v", row, err)
	}
}
