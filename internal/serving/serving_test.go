package serving_test

import (
	"slices"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
)

const (
	first  = sam.TenantID("11111111-1111-4111-8111-111111111111")
	second = sam.TenantID("22222222-1111-4111-8111-111111111111")
)

var now = time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)

// person makes the id of the nth account of a tenant.
func person(t sam.TenantID, n string) sam.ConnectionID {
	return sam.NewConnectionID(t, sam.ObjectID("33333333-3333-4333-8333-33333333330"+n))
}

func connection(t sam.TenantID, n string, change ...func(*ledger.Connection)) ledger.Connection {
	c := ledger.Connection{ID: person(t, n), Kind: sam.PartnerConnection, Expires: now.Add(80 * 24 * time.Hour)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func primary(c *ledger.Connection) { c.Primary = true }
func off(c *ledger.Connection)     { c.Disabled = true }
func expired(c *ledger.Connection) { c.Expires = now }
func broken(c *ledger.Connection)  { c.BrokenAt = now.Add(-30 * 24 * time.Hour) }
func direct(c *ledger.Connection)  { c.Kind = sam.DirectConnection }
func unknown(c *ledger.Connection) { c.Kind = "" }

func problem(class sam.Class) func(*ledger.Connection) {
	return func(c *ledger.Connection) { c.Problem = &ledger.ConnectionProblem{Class: class} }
}

func blocked(c *ledger.Connection) {
	c.Problem = &ledger.ConnectionProblem{Class: sam.ClassPolicy, Code: "AADSTS530034"}
}

func warned(c *ledger.Connection) {
	c.Warning = &ledger.ConnectionProblem{Class: sam.ClassReconsent}
}

func TestServing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		bench []ledger.Connection
		want  string // account; "" = nobody
	}{
		"alone":                                    {[]ledger.Connection{connection(first, "1")}, "1"},
		"the primary, whatever its id":             {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary)}, "2"},
		"nobody marked: by id":                     {[]ledger.Connection{connection(first, "2"), connection(first, "1")}, "1"},
		"two marked: by id":                        {[]ledger.Connection{connection(first, "2", primary), connection(first, "1", primary)}, "1"},
		"primary refused":                          {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, problem(sam.ClassReconsent))}, "1"},
		"primary barred by its tenant's policy":    {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, problem(sam.ClassPolicy))}, "1"},
		"primary switched off":                     {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, off)}, "1"},
		"primary expired":                          {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, expired)}, "1"},
		"refused, then an outage hides the reason": {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, broken, problem(sam.ClassRetry))}, "1"},
		"refused, then the text is lost":           {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, broken)}, "1"},
		"an outage takes nobody out":               {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, problem(sam.ClassRetry))}, "2"},
		"the app's credential strikes all":         {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, problem(sam.ClassCredential))}, "2"},
		"Microsoft's block strikes all":            {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, blocked)}, "2"},
		"a setting strikes all":                    {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, problem(sam.ClassConfiguration))}, "2"},
		"a warning is no breakage":                 {[]ledger.Connection{connection(first, "1"), connection(first, "2", primary, warned)}, "2"},
		"the second standby":                       {[]ledger.Connection{connection(first, "1", off), connection(first, "2", primary, broken), connection(first, "3")}, "3"},
		"nobody left":                              {[]ledger.Connection{connection(first, "1", expired), connection(first, "2", primary, broken)}, ""},
		"a row without a kind is a partner's":      {[]ledger.Connection{connection(first, "1", unknown), connection(first, "2", primary, broken)}, "1"},
		"no expiry is known":                       {[]ledger.Connection{connection(first, "1", func(c *ledger.Connection) { c.Expires = time.Time{} })}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			benches := serving.Benches(row.bench)
			if len(benches) != 1 {
				t.Fatalf("%d benches", len(benches))
			}
			got, ok := benches[0].Serving(now)
			if ok != (row.want != "") || ok && got.ID != person(first, row.want) {
				t.Errorf("%s serves (%v), want %q", got.ID, ok, row.want)
			}
		})
	}
}

// Once failed over, only proof brings the primary back: neither time nor
// whatever else happens to its row does.
func TestNoFlapping(t *testing.T) {
	t.Parallel()
	standby := connection(first, "1")
	one := connection(first, "2", primary)
	serves := func(at time.Time) sam.ConnectionID {
		c, _ := serving.Benches([]ledger.Connection{standby, one})[0].Serving(at)
		return c.ID
	}
	for i, step := range []struct {
		change func()
		want   sam.ConnectionID
	}{
		{func() {}, one.ID},
		{func() { one.BrokenAt, one.Problem = now, &ledger.ConnectionProblem{Class: sam.ClassReconsent} }, standby.ID},
		{func() { one.Problem = &ledger.ConnectionProblem{Class: sam.ClassRetry} }, standby.ID},
		{func() { one.Problem, one.NextAttempt = nil, now.Add(time.Hour) }, standby.ID},
		{func() { one.Problem = &ledger.ConnectionProblem{Class: sam.ClassCredential} }, standby.ID},
		{func() { one.BrokenAt, one.Problem, one.ProvedAt = time.Time{}, nil, now }, one.ID},
	} {
		step.change()
		for hours := range 200 {
			if got := serves(now.Add(time.Duration(hours) * time.Hour)); got != step.want {
				t.Fatalf("step %d, hour %d: %s serves, want %s", i, hours, got, step.want)
			}
		}
	}
}

func TestBenches(t *testing.T) {
	t.Parallel()
	all := []ledger.Connection{
		connection(second, "1"), connection(first, "2"), connection(first, "1", direct), connection(first, "3", primary),
		connection(second, "2", direct),
	}
	want := [][]sam.ConnectionID{
		{person(first, "1")}, {person(second, "2")}, {person(first, "3"), person(first, "2")}, {person(second, "1")},
	}
	roles := [][]serving.Role{{serving.Direct}, {serving.Direct}, {serving.Primary, serving.Standby}, {serving.Primary}}
	before := slices.Clone(all)
	benches := serving.Benches(all)
	for i, b := range benches {
		for j, c := range b {
			if c.ID != want[i][j] || b.Role(j) != roles[i][j] {
				t.Errorf("bench %d place %d: %s as %s, want %s as %s", i, j, c.ID, b.Role(j), want[i][j], roles[i][j])
			}
		}
	}
	if len(benches) != len(want) || !slices.EqualFunc(all, before, func(a, b ledger.Connection) bool { return a.ID == b.ID }) {
		t.Errorf("%d benches; the caller's order was kept: %v", len(benches), all)
	}
	if b, ok := serving.Of(benches, person(first, "2")); !ok || b[0].ID != person(first, "3") {
		t.Errorf("bench of a standby: %v, %v", b, ok)
	}
	if _, ok := serving.Of(benches, person(second, "9")); ok {
		t.Error("an unknown connection has a bench")
	}
	if serving.Benches(nil) != nil {
		t.Error("benches of nobody")
	}
}

func TestSwitched(t *testing.T) {
	t.Parallel()
	if !(serving.Bench{connection(first, "1", off)}).Switched() || (serving.Bench{connection(first, "1", off), connection(first, "2", broken)}).Switched() {
		t.Error("a bench is switched off when all of it is")
	}
}
