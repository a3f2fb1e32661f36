package world_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

var v4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestSeededCustomersAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range seeded(1, 2000).Customers() {
		ids := []string{c.TenantID, c.Domain, c.Name}
		for _, s := range c.Subscriptions {
			ids = append(ids, s.ID)
			for _, r := range s.Resources {
				ids = append(ids, strings.ToLower(s.ResourcePath(r)))
			}
			for _, r := range s.ClassicRules {
				ids = append(ids, strings.ToLower(s.RulePath(r)))
			}
			if !v4.MatchString(s.ID) {
				t.Fatalf("subscription id %q is no random GUID", s.ID)
			}
		}
		for _, id := range ids {
			if seen[id] {
				t.Fatalf("%q occurs twice", id)
			}
			seen[id] = true
		}
		if !v4.MatchString(c.TenantID) {
			t.Fatalf("tenant id %q is no random GUID", c.TenantID)
		}
	}
}

func TestSeededTimesArePast(t *testing.T) {
	t.Parallel()
	w := seeded(4, 300)
	past := func(what string, at time.Time) {
		if at.After(start) {
			t.Errorf("%s at %v is in the future", what, at)
		}
	}
	for _, c := range w.Customers() {
		past("relationship", c.RelationshipStart)
		for _, s := range c.Subscriptions {
			for _, a := range s.Alerts {
				past("alert", a.Started)
				past("alert change", a.Modified)
			}
			for _, r := range s.Resources {
				if r.Health != nil {
					past("health", r.Health.Reported)
				}
			}
			for _, e := range s.Events {
				past("event", e.Updated)
			}
		}
	}
}

func TestTenThousandCustomersSeedQuickly(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	began := time.Now()
	w := seeded(1, 10000)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("seeding took %v", took)
	} else {
		t.Logf("seeding took %v", took)
	}
	began = time.Now()
	e := w.Expected(allTasks, true)
	t.Logf("expected took %v: %d outcomes, %d findings, skipped by %v", time.Since(began), len(e.Outcomes), len(e.Findings), e.SkippedBy)
	if len(e.Outcomes) != 40000 {
		t.Errorf("%d outcomes", len(e.Outcomes))
	}
}

func TestCloneIsDeep(t *testing.T) {
	t.Parallel()
	for _, c := range seeded(1, 30).Customers() {
		before, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		d := c.Clone()
		d.Offers, d.SKUs = append(d.Offers[:0], world.Offer{}), append(d.SKUs[:0], world.SKU{})
		for _, s := range d.Subscriptions {
			s.State = "changed"
			s.Groups[0].Name = "changed"
			for i := range s.Resources {
				s.Resources[i].Name = "changed"
				if h := s.Resources[i].Health; h != nil {
					h.State = "changed"
				}
			}
			for i := range s.Alerts {
				s.Alerts[i].State = "changed"
			}
			for i := range s.Events {
				s.Events[i].Status = "changed"
			}
			for i := range s.ClassicRules {
				s.ClassicRules[i].Incidents[0].Resolved = start
			}
		}
		for i := range d.Relationships {
			d.Relationships[i].Status = "changed"
		}
		after, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if string(before) != string(after) {
			t.Fatal("a change of the clone shows in the original")
		}
	}
}

func TestResourcePath(t *testing.T) {
	t.Parallel()
	s := &world.Subscription{ID: "s"}
	for want, r := range map[string]world.Resource{
		"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app":                {Group: "g", Type: "Microsoft.Web/sites", Name: "app"},
		"/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/srv/databases/db": {Group: "g", Type: "Microsoft.Sql/servers/databases", Name: "srv/db"},
	} {
		if got := s.ResourcePath(r); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestRelationshipExtends(t *testing.T) {
	t.Parallel()
	c := world.Customer{RelationshipEnds: start.Add(time.Hour), AutoExtend: true}
	if got := c.EndsAt(start); !got.Equal(start.Add(time.Hour)) {
		t.Errorf("before its end: %v", got)
	}
	if got, want := c.EndsAt(start.AddDate(0, 0, 200)), start.Add(time.Hour).AddDate(0, 0, 360); !got.Equal(want) {
		t.Errorf("extended twice: %v, want %v", got, want)
	}
	c.AutoExtend = false
	if got := c.EndsAt(start.AddDate(1, 0, 0)); !got.Equal(c.RelationshipEnds) {
		t.Errorf("without extension: %v", got)
	}
}

func TestMembersAreStable(t *testing.T) {
	t.Parallel()
	for _, c := range seeded(9, 40).Customers() {
		seen := map[string]bool{}
		for _, m := range c.Members() {
			if seen[m.UPN] || seen[m.Object] || m.Tenant != c.TenantID {
				t.Fatalf("member %+v is doubled or astray", m)
			}
			seen[m.UPN], seen[m.Object] = true, true
		}
		if len(c.Members()) != c.UserCount {
			t.Fatalf("%d members, want %d", len(c.Members()), c.UserCount)
		}
	}
}
