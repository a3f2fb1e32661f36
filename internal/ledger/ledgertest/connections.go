package ledgertest

import (
	"errors"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var connections = []promise{
	{"a connection is read as it was put", readsConnection},
	{"a connection is replaced as a whole", replacesConnection},
	{"an unknown connection is absent", missesConnection},
	{"long text is cut, not refused", cutsLongText},
	{"a connection is changed where it is", changesConnection},
	{"a change that nobody wants writes nothing", leavesConnection},
}

func connection(tenant string) ledger.Connection {
	return ledger.Connection{
		ID:   sam.NewConnectionID(sam.TenantID(tenant), "33333333-3333-4333-8333-333333333333"),
		Kind: sam.PartnerConnection, UPN: "sam.keeper@partner.example", Name: "O'Keeper, Säm",
		App: "22222222-2222-4222-8222-222222222222", Cloud: "public",
		ConsentedAt: at(0), RedeemedAt: at(1), Expires: at(90), RotatedAt: at(2), ProvedAt: at(3), NextAttempt: at(4),
		Version: "0123456789abcdef0123456789abcdef", MFA: true, Disabled: true, Attempts: 3,
		Primary: true, BrokenAt: at(5), MFACompliant: true, MFACheckedAt: at(6),
		Warning: &ledger.ConnectionProblem{Class: sam.ClassReconsent, Code: "mfa_not_compliant", Plain: "Soon refused.", Since: at(6), Raised: true},
		Problem: &ledger.ConnectionProblem{
			Class: sam.ClassReconsent, Code: "AADSTS50076", Plain: "MFA is missing.", Fix: "Sign in again.",
			RequestID: "r-1", Since: at(5), Raised: true,
		},
	}
}

func readsConnection(t *testing.T, s Store) {
	b, a := connection("b0000000-0000-4000-8000-000000000000"), connection("a0000000-0000-4000-8000-000000000000")
	must(t, s.PutConnection(t.Context(), b))
	must(t, s.PutConnection(t.Context(), a))
	one, err := s.Connection(t.Context(), a.ID)
	same(t, a, got(t, one, err))
	all, err := s.Connections(t.Context())
	same(t, []ledger.Connection{a, b}, got(t, all, err))
}

func replacesConnection(t *testing.T, s Store) {
	c := connection("a0000000-0000-4000-8000-000000000000")
	must(t, s.PutConnection(t.Context(), c))
	bare := ledger.Connection{ID: c.ID, Kind: c.Kind}
	must(t, s.PutConnection(t.Context(), bare))
	one, err := s.Connection(t.Context(), c.ID)
	same(t, bare, got(t, one, err))
}

func changesConnection(t *testing.T, s Store) {
	c := connection("a0000000-0000-4000-8000-000000000000")
	must(t, s.PutConnection(t.Context(), c))
	changed, err := s.ChangeConnection(t.Context(), c.ID, func(c *ledger.Connection) bool {
		c.Attempts, c.Problem = 4, nil
		return true
	})
	same(t, true, got(t, changed, err))
	c.Attempts, c.Problem = 4, nil
	one, err := s.Connection(t.Context(), c.ID)
	same(t, c, got(t, one, err))
}

func leavesConnection(t *testing.T, s Store) {
	c := connection("a0000000-0000-4000-8000-000000000000")
	must(t, s.PutConnection(t.Context(), c))
	changed, err := s.ChangeConnection(t.Context(), c.ID, func(c *ledger.Connection) bool {
		c.Attempts = 99
		return false
	})
	same(t, false, got(t, changed, err))
	one, err := s.Connection(t.Context(), c.ID)
	same(t, c, got(t, one, err))
	if _, err := s.ChangeConnection(t.Context(), "x.y", func(*ledger.Connection) bool { return true }); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("error %v, want ErrAbsent", err)
	}
}

func missesConnection(t *testing.T, s Store) {
	if _, err := s.Connection(t.Context(), "x.y"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("error %v, want ErrAbsent", err)
	}
	all, err := s.Connections(t.Context())
	same(t, []ledger.Connection(nil), got(t, all, err))
}

func cutsLongText(t *testing.T, s Store) {
	f := finding("a")
	f.Detail = strings.Repeat("é🙂", 20_000) // 3 UTF-16 units, 6 bytes each
	_, err := s.Reconcile(t.Context(), "run-1", f.Customer, f.Task, []sam.Finding{f}, noon)
	must(t, err)
	all, err := s.OpenFindings(t.Context())
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d findings, want 1", len(all))
	}
	kept, cut := strings.CutSuffix(all[0].Detail, "…")
	if !cut || !strings.HasPrefix(f.Detail, kept) || len(kept) < 60_000 {
		t.Errorf("detail of %d bytes, cut: %v, is not a long beginning of what was put", len(kept), cut)
	}
}
