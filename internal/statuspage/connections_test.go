package statuspage_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
	"github.com/samkeeper/samkeeper/internal/statuspage"
)

// The page says of each connection what it is, whether it serves now, and what
// Partner Center makes of it.
func TestConnectionsOfSeveralTenants(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)
	store := ledgertest.NewMemory(nil)
	put := func(tenant, person string, change func(*ledger.Connection)) sam.ConnectionID {
		c := ledger.Connection{
			ID:   sam.NewConnectionID(sam.TenantID(tenant+"-1111-4111-8111-111111111111"), sam.ObjectID("33333333-3333-4333-8333-33333333333"+person)),
			Kind: sam.PartnerConnection, MFA: true, ConsentedAt: now.Add(-time.Hour), RedeemedAt: now.Add(-time.Hour),
			RotatedAt: now.Add(-time.Hour), ProvedAt: now, Expires: now.Add(89 * 24 * time.Hour),
		}
		change(&c)
		if err := store.PutConnection(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		return c.ID
	}
	direct := put("00000000", "1", func(c *ledger.Connection) { c.Kind = sam.DirectConnection })
	standby := put("11111111", "1", func(c *ledger.Connection) {
		c.MFACheckedAt = now
		c.Warning = &ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "mfa_not_compliant", Plain: "Soon refused.", Fix: "Sign in again."}
	})
	broken := put("11111111", "2", func(c *ledger.Connection) {
		c.Primary, c.BrokenAt = true, now
		c.Problem = &ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "AADSTS50173", Plain: "Revoked."}
	})
	other := put("22222222", "1", func(c *ledger.Connection) { c.Primary, c.MFACompliant, c.MFACheckedAt = true, true, now })

	s, err := statuspage.Load(t.Context(), store, "v1", now)
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for i, want := range []struct {
		id       sam.ConnectionID
		role     serving.Role
		serving  bool
		state    statuspage.State
		accepted *bool
	}{
		{broken, serving.Primary, false, statuspage.Broken, nil},
		{standby, serving.Standby, true, statuspage.Warning, &no},
		{other, serving.Primary, true, statuspage.Healthy, &yes},
		{direct, serving.Direct, true, statuspage.Healthy, nil},
	} {
		c := s.Connections[i]
		if c.ID != want.id || c.Role != want.role || c.Serving != want.serving || c.State != want.state {
			t.Errorf("row %d: %s %s serving=%v %s (%s), want %+v", i, c.ID, c.Role, c.Serving, c.State, c.Why, want)
		}
		if (c.MFACompliant == nil) != (want.accepted == nil) || want.accepted != nil && *c.MFACompliant != *want.accepted {
			t.Errorf("row %d: compliant %v", i, c.MFACompliant)
		}
	}
	if w := s.Connections[1].Warning; w == nil || w.Plain != "Soon refused." || w.Fix == "" {
		t.Errorf("warning %+v", w)
	}
	page := httptest.NewRecorder()
	if err := statuspage.WriteHTML(page, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"partner, primary", "partner, standby", "serves", "does not serve", "Soon refused.", "does not accept it", "accepts it"} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
