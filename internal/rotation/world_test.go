package rotation_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
)

const app = sam.AppID("22222222-2222-4222-8222-222222222222")

var connection = sam.NewConnectionID("11111111-1111-4111-8111-111111111111", "33333333-3333-4333-8333-333333333333")

// connectionNumber makes any number of connections.
func connectionNumber(i int) sam.ConnectionID {
	return sam.ConnectionID(fmt.Sprintf("%08x-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333", i))
}

// world is everything outside a rotating process: it outlives crashes.
type world struct {
	vault  *vaulttest.Memory
	ledger *ledgertest.Memory
	entra  *grants
	locks  *locks

	mu     sync.Mutex
	now    time.Time
	raised []ledger.Connection
	stored []sam.ConnectionID
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)}
	w.vault = vaulttest.NewMemory(w.clock)
	w.ledger = ledgertest.NewMemory(w.clock)
	w.entra = &grants{now: w.clock, tokens: map[string]*grant{}, redeemed: map[string]bool{}}
	w.locks = &locks{now: w.clock, held: map[string]*held{}}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// deps are those of a process that lives as long as m does.
func (w *world) deps(m *machine) rotation.Deps {
	public, _ := cloud.Lookup("public")
	return rotation.Deps{
		Cloud: public, App: app, ConsentURL: "https://keeper.example/api/consent",
		Vault: wiredVault{m, w.vault}, Ledger: wiredLedger{m, w.ledger},
		Redeemer: wiredRedeemer{m, w.entra}, Locks: wiredLocks{m, w.locks},
		Now: w.clock,
		Stored: func(c sam.ConnectionID) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.stored = append(w.stored, c)
		},
		Raise: func(_ context.Context, c ledger.Connection) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.raised = append(w.raised, c)
			return nil
		},
	}
}

// rotator is a process that does not die.
func (w *world) rotator() *rotation.Rotator { return rotation.New(w.deps(&machine{})) }

// consent does what package consent does: a token of a new grant into the
// vault, then a fresh status.
func (w *world) consent(t *testing.T, conn sam.ConnectionID) *grant {
	t.Helper()
	g := &grant{conn: conn, mfa: true}
	v, err := w.vault.Put(context.WithoutCancel(t.Context()), vault.Version{
		Connection: conn, Token: w.entra.mint(g), UPN: "sam.keeper@partner.example", Kind: sam.PartnerConnection,
		App: app, Cloud: "public", Source: vault.SourceConsent, AMR: []string{"pwd", "mfa"}, RedeemedAt: w.clock(),
	})
	if err != nil {
		t.Fatal(err)
	}
	row := ledger.Connection{
		ID: conn, Kind: sam.PartnerConnection, UPN: v.UPN, App: app, Cloud: "public",
		ConsentedAt: v.RedeemedAt, RedeemedAt: v.RedeemedAt, Expires: v.Expires, Version: v.ID, MFA: true,
	}
	if err := w.ledger.PutConnection(context.WithoutCancel(t.Context()), row); err != nil {
		t.Fatal(err)
	}
	return g
}

// seasoned is a world with a connection that was consented to and rotated
// twice, and is due again.
func seasoned(t *testing.T) (*world, *grant) {
	t.Helper()
	w := newWorld()
	g := w.consent(t, connection)
	for range 2 {
		w.wait(time.Hour)
		if r, err := w.rotator().Rotate(t.Context(), connection, true); err != nil || r.State != rotation.Rotated {
			t.Fatalf("prepare: %+v, %v", r, err)
		}
	}
	w.wait(rotation.Interval + rotation.MaxJitter)
	w.entra.forget()
	return w, g
}

func (w *world) row(t *testing.T, conn sam.ConnectionID) ledger.Connection {
	t.Helper()
	row, err := w.ledger.Connection(context.WithoutCancel(t.Context()), conn)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func (w *world) current(t *testing.T, conn sam.ConnectionID) vault.Version {
	t.Helper()
	v, err := w.vault.Current(context.WithoutCancel(t.Context()), conn)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (w *world) versions(t *testing.T) []vault.Version {
	t.Helper()
	all, err := w.vault.Versions(context.WithoutCancel(t.Context()), connection)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantUsable is the invariant: some enabled version can be redeemed.
func (w *world) wantUsable(t *testing.T, where string) {
	t.Helper()
	for _, v := range w.versions(t) {
		if !v.Enabled {
			continue
		}
		full, err := w.vault.At(context.WithoutCancel(t.Context()), connection, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		if w.entra.accepts(full.Token) {
			return
		}
	}
	t.Errorf("%s: the vault holds no version that can be redeemed", where)
}

// wantHealthy: the current version can be redeemed, was redeemed as the vault
// gave it, is the one on record, and nothing is wrong.
func (w *world) wantHealthy(t *testing.T) {
	t.Helper()
	v, row := w.current(t, connection), w.row(t, connection)
	if !w.entra.accepts(v.Token) || !w.entra.wasRedeemed(v.Token) {
		t.Errorf("the current version (%s) is not proved", v.Source)
	}
	if row.Problem != nil || row.Attempts != 0 || row.ProvedAt.IsZero() || row.Version != v.ID || !row.Expires.Equal(v.Expires) {
		t.Errorf("status %+v does not fit version %s until %s", row, v.ID, v.Expires)
	}
}

// grants is a token endpoint. As with Entra, redeeming revokes nothing.
type grants struct {
	now func() time.Time

	mu       sync.Mutex
	count    int
	tokens   map[string]*grant
	redeemed map[string]bool
	attempts int
	// twist changes an answer; nil leaves it.
	twist func(token string, g *grant, answer *entra.Tokens) error
}

// grant is one consent and all tokens that descend from it.
type grant struct {
	conn    sam.ConnectionID
	mfa     bool
	revoked bool
}

func (g *grants) mint(of *grant) sam.Secret {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mintLocked(of)
}

func (g *grants) mintLocked(of *grant) sam.Secret {
	g.count++
	token := fmt.Sprintf("refresh-token-%04d", g.count)
	g.tokens[token] = of
	return sam.NewSecret(token)
}

func (g *grants) accepts(token sam.Secret) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	of := g.tokens[token.Reveal()]
	return of != nil && !of.revoked
}

func (g *grants) wasRedeemed(token sam.Secret) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.redeemed[token.Reveal()]
}

func (g *grants) grantOf(token sam.Secret) *grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens[token.Reveal()]
}

func (g *grants) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.redeemed, g.attempts = map[string]bool{}, 0
}

func (g *grants) tried() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.attempts
}

func refusal(class sam.Class, code string) *sam.Problem {
	return &sam.Problem{Op: "redeem refresh token", Class: class, Code: code, RequestID: "trace-1", Plain: "Entra refuses.", Fix: "See the code."}
}

// Redeem implements rotation.Redeemer.
func (g *grants) Redeem(ctx context.Context, r entra.RefreshRequest) (entra.Tokens, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.attempts++
	if err := ctx.Err(); err != nil {
		return entra.Tokens{}, &sam.Problem{Op: "redeem", Class: sam.ClassRetry, Err: err}
	}
	of := g.tokens[r.RefreshToken.Reveal()]
	if of == nil || of.revoked || r.Tenant != of.conn.Tenant() || r.Home != r.Tenant {
		return entra.Tokens{}, refusal(sam.ClassReconsent, "AADSTS50173")
	}
	answer := entra.Tokens{Access: accessToken(of.conn, of.mfa), Refresh: g.mintLocked(of)}
	if g.twist != nil {
		if err := g.twist(r.RefreshToken.Reveal(), of, &answer); err != nil {
			return entra.Tokens{}, err
		}
	}
	g.redeemed[r.RefreshToken.Reveal()] = true
	return answer, nil
}

// accessToken is a Partner Center token; nobody here checks its signature.
func accessToken(conn sam.ConnectionID, mfa bool) sam.Secret {
	amr := []string{"pwd"}
	if mfa {
		amr = append(amr, "mfa")
	}
	body, err := json.Marshal(map[string]any{
		"aud": "https://api.partnercenter.microsoft.com", "tid": conn.Tenant(), "oid": conn.Object(),
		"appid": app, "upn": "sam.keeper@partner.example", "amr": amr, "exp": 4000000000,
	})
	if err != nil {
		panic(err)
	}
	return sam.NewSecret("e30." + base64.RawURLEncoding.EncodeToString(body) + ".c2ln")
}

// locks are leases that end by the clock.
type locks struct {
	now func() time.Time

	mu   sync.Mutex
	held map[string]*held
}

type held struct {
	all   *locks
	name  string
	ttl   time.Duration
	until time.Time
}

func (l *locks) acquire(name string, ttl time.Duration) (rotation.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.held[name]; h != nil && h.until.After(l.now()) {
		return nil, fmt.Errorf("acquire %s: %w", name, lease.ErrHeld)
	}
	h := &held{all: l, name: name, ttl: ttl, until: l.now().Add(ttl)}
	l.held[name] = h
	return h, nil
}

// Renew implements rotation.Lease: as with blobs, a lease that ended may be
// renewed as long as nobody else has had it since.
func (h *held) Renew(context.Context) error {
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	if h.all.held[h.name] != h {
		return lease.ErrLost
	}
	h.until = h.all.now().Add(h.ttl)
	return nil
}

// Release implements rotation.Lease.
func (h *held) Release(context.Context) error {
	h.all.mu.Lock()
	defer h.all.mu.Unlock()
	if h.all.held[h.name] == h {
		h.until = time.Time{}
	}
	return nil
}

var errGone = errors.New("the machine has no power")
