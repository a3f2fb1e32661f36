package statuspage_test

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/statuspage"
)

func TestConnectionState(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	change := func(edit func(*ledger.Connection)) ledger.Connection {
		c := ledger.Connection{
			ID: conn, MFA: true, ConsentedAt: now.Add(-30 * day), RedeemedAt: now.Add(-day), RotatedAt: now.Add(-day),
			ProvedAt: now.Add(-day), Expires: now.Add(89 * day),
		}
		edit(&c)
		return c
	}
	problem := func(class sam.Class) func(*ledger.Connection) {
		return func(c *ledger.Connection) { c.Problem = &ledger.ConnectionProblem{Class: class} }
	}
	for name, row := range map[string]struct {
		edit func(*ledger.Connection)
		want statuspage.State
		days int
	}{
		"rotated yesterday":           {func(*ledger.Connection) {}, statuspage.Healthy, 89},
		"consented and proved":        {func(c *ledger.Connection) { c.RotatedAt, c.ConsentedAt = time.Time{}, now.Add(-time.Hour) }, statuspage.Healthy, 89},
		"switched off":                {func(c *ledger.Connection) { c.Disabled = true }, statuspage.Broken, 89},
		"expired":                     {func(c *ledger.Connection) { c.Expires = now }, statuspage.Broken, 0},
		"needs consent":               {problem(sam.ClassReconsent), statuspage.Broken, 89},
		"credential is wrong":         {problem(sam.ClassCredential), statuspage.Broken, 89},
		"upstream outage":             {problem(sam.ClassRetry), statuspage.Warning, 89},
		"no MFA":                      {func(c *ledger.Connection) { c.MFA = false }, statuspage.Warning, 89},
		"not renewed for a month":     {func(c *ledger.Connection) { c.Expires = now.Add(59*day + time.Hour) }, statuspage.Warning, 59},
		"never proved":                {func(c *ledger.Connection) { c.ProvedAt = time.Time{} }, statuspage.Warning, 89},
		"a newer token is not proved": {func(c *ledger.Connection) { c.RedeemedAt = now.Add(-time.Hour) }, statuspage.Warning, 89},
		"rotation stalled":            {func(c *ledger.Connection) { c.RotatedAt = now.Add(-4 * day) }, statuspage.Warning, 89},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := load(t, &kept{connections: []ledger.Connection{change(row.edit)}})
			got := s.Connections[0]
			if got.State != row.want || got.DaysLeft != row.days || (got.Why == "") != (row.want == statuspage.Healthy) {
				t.Errorf("state %s (%q), %d days; want %s, %d days", got.State, got.Why, got.DaysLeft, row.want, row.days)
			}
		})
	}
}

// TestEveryReasonHasAnOwner lists the vocabulary of package sam.
func TestEveryReasonHasAnOwner(t *testing.T) {
	t.Parallel()
	for _, reason := range []sam.Reason{
		sam.ConsentMissing, sam.NoConsentRole, sam.NotListed, sam.NoGDAP, sam.RoleInsufficient, sam.BlockedByPolicy, sam.NoAzureRBAC,
		sam.NoAzure, sam.NoReseller, sam.TenantGone, sam.ServiceMissing, "a_reason_of_the_future",
	} {
		s := load(t, &kept{customers: []sam.Customer{{ID: alpha, Name: "A", Access: reason}}})
		row := s.NoAccess[0]
		if row.Owner != sam.OwnerPartner && row.Owner != sam.OwnerCustomer || row.Fix == "" {
			t.Errorf("%s: owner %q, fix %q", reason, row.Owner, row.Fix)
		}
	}
}
