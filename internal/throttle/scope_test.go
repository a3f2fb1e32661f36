package throttle_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/throttle/throttletest"
)

func TestScopes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit throttle.Limit
		home  bool
		want  string
	}{
		{throttle.Limit{Kind: throttle.PartnerCenter}, true, "partner-center/" + string(partner) + "/"},
		{throttle.Limit{Kind: throttle.PartnerCustomer, Part: "c1"}, true, "partner-center-customer/" + string(partner) + "/c1"},
		{throttle.Limit{Kind: throttle.Graph}, false, "graph/" + string(customer) + "/"},
		{throttle.Limit{Kind: throttle.ARM}, false, "arm/" + string(conn) + "/" + string(customer)},
		{throttle.Limit{Kind: throttle.ARM, Part: "s1"}, false, "arm/" + string(conn) + "/s1"},
		{throttle.Limit{Kind: throttle.ResourceGraph}, false, "resource-graph/" + string(conn) + "/" + string(customer)},
		{throttle.Limit{Kind: throttle.ResourceGraph}, true, "resource-graph-home/" + string(conn) + "/" + string(partner)},
		{throttle.Limit{Kind: throttle.Token}, false, "token/" + string(customer) + "/"},
		{throttle.Limit{Kind: throttle.Token}, true, "token-home/" + string(partner) + "/"},
	} {
		tenant := customer
		if tt.home {
			tenant = partner
		}
		s := tt.limit.Of(conn, tenant)
		if s.String() != tt.want {
			t.Errorf("scope %s, want %s", s, tt.want)
		}
		if back, err := throttle.ParseScope(s.String()); err != nil || back != s {
			t.Errorf("%s is read as %+v, %v", s, back, err)
		}
	}
}

func FuzzScope(f *testing.F) {
	f.Add("graph/c0000000-0000-4000-8000-000000000001/")
	f.Add("none//")
	f.Add("arm/a/b/c")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := throttle.ParseScope(text); err == nil && s.String() != text {
			t.Errorf("%q is read as %s", text, s)
		}
	})
}

func FuzzTicket(f *testing.F) {
	f.Add([]byte(`{"scope":"partner-center/p/","at":"2026-11-21T12:00:00Z","calls":1}`))
	f.Add([]byte(`{"scope":"graph/t/","at":"2026-11-21T12:00:00Z","calls":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var ticket throttle.Ticket
		if json.Unmarshal(body, &ticket) != nil || !ticket.Sound() {
			return
		}
		if !throttle.RuleOf(ticket.Scope.Kind).Paced || ticket.Calls < 1 || ticket.Calls > throttle.MaxCalls {
			t.Errorf("a sound ticket: %+v", ticket)
		}
	})
}

// A ticket is good around its time, for its calls and its scope.
func TestTickets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		offset time.Duration
		good   bool
	}{
		{"in time", 0, true},
		{"a little early", -5 * time.Second, true},
		{"far too early", -6 * time.Second, false},
		{"late", 30 * time.Second, true},
		{"too late", 31 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := crowded(t)
			p := throttle.NewPouch([]throttle.Ticket{{Scope: books, At: noon.Add(-tt.offset), Calls: 1}})
			if wait, err := g.Admit(p.In(t.Context()), books, noon); err != nil || (wait == 0) != tt.good {
				t.Errorf("wait %v, %v", wait, err)
			}
			if wait, err := g.Admit(p.In(t.Context()), books, noon); err != nil || wait == 0 {
				t.Errorf("a second call for one place: wait %v, %v", wait, err)
			}
		})
	}
}

// crowded is a governor whose nearest free place is a minute away.
func crowded(t *testing.T) *throttle.Governor {
	t.Helper()
	g := throttle.NewGovernor(&throttletest.Table{})
	for range 500 {
		if _, err := g.Admit(throttle.NewPouch(nil).In(t.Context()), books, noon); err != nil {
			t.Fatal(err)
		}
	}
	return g
}
