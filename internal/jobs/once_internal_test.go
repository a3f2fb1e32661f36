package jobs

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestOneEach(t *testing.T) {
	t.Parallel()
	const (
		shared = sam.CustomerID("c0000000-0000-4000-8000-000000000001")
		first  = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
		heir   = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333301")
		second = sam.ConnectionID("11111111-1111-4111-8111-222222222222.33333333-3333-4333-8333-333333333333")
		itself = sam.ConnectionID(string(shared) + ".33333333-3333-4333-8333-333333333333")
	)
	by := func(c sam.ConnectionID) sam.Customer { return sam.Customer{ID: shared, Connection: c} }
	barred := func(c sam.ConnectionID) sam.Customer {
		return sam.Customer{ID: shared, Connection: c, Access: sam.NoGDAP}
	}
	for name, row := range map[string]struct {
		found []sam.Customer
		known sam.ConnectionID
		want  sam.ConnectionID
	}{
		"the first tenant":                         {[]sam.Customer{by(first), by(second)}, "", first},
		"the tenant that visited it":               {[]sam.Customer{by(first), by(second)}, second, second},
		"the tenant that visited it, by a standby": {[]sam.Customer{by(second), by(heir)}, first, heir},
		"one that may go in":                       {[]sam.Customer{barred(first), by(second)}, "", second},
		"one that may go in, over the one it had":  {[]sam.Customer{barred(first), by(second)}, first, second},
		"nobody may: the one it had":               {[]sam.Customer{barred(first), barred(second)}, second, second},
		"its own, over the one it had":             {[]sam.Customer{by(first), by(itself)}, first, itself},
		"three of them":                            {[]sam.Customer{barred(first), by(second), by(first)}, first, first},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := sam.Customer{ID: "c0000000-0000-4000-8000-000000000002", Connection: first}
			got := oneEach(append(row.found, other), map[sam.CustomerID]sam.ConnectionID{shared: row.known})
			if len(got) != 2 || got[0].Connection != row.want || got[1].ID != other.ID {
				t.Errorf("got %+v, want %s", got, row.want)
			}
		})
	}
}

func TestMark(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)
	reconsent := sam.Problem{Class: sam.ClassReconsent, Code: "AADSTS50173"}
	for name, row := range map[string]struct {
		had    *ledger.ConnectionProblem
		met    sam.Problem
		news   bool
		code   string
		broken bool
	}{
		"nothing before":                    {nil, reconsent, true, "AADSTS50173", true},
		"the same":                          {&ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "AADSTS50173"}, reconsent, false, "AADSTS50173", false},
		"another refusal of the same grant": {&ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "AADSTS700082"}, reconsent, false, "AADSTS700082", false},
		"an outage before":                  {&ledger.ConnectionProblem{Class: sam.ClassRetry, Code: "NoAnswer"}, reconsent, true, "AADSTS50173", true},
		"a late rotation before":            {&ledger.ConnectionProblem{Class: sam.ClassConfiguration, Code: "RotationStalled"}, reconsent, true, "AADSTS50173", true},
		"a credential takes nobody out":     {nil, sam.Problem{Class: sam.ClassCredential, Code: "AADSTS7000222"}, true, "AADSTS7000222", false},
		"a credential on top":               {&ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "AADSTS50173"}, sam.Problem{Class: sam.ClassCredential, Code: "AADSTS7000222"}, false, "AADSTS50173", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := ledger.Connection{Problem: row.had}
			if got := mark(&c, &row.met, now); got != row.news || c.Problem.Code != row.code || c.BrokenAt.IsZero() == row.broken {
				t.Errorf("news %v, %+v, broken %v", got, c.Problem, c.BrokenAt)
			}
		})
	}
}
