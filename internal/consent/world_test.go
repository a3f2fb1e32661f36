package consent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/consent"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
)

var connection = sam.NewConnectionID(partner, person)

// world is a Flow with the real client against a provider that can lie, the
// real ledger over tables in memory, and a vault that can fail.
type world struct {
	idp    *idp
	vault  *flakyVault
	ledger *flakyLedger
	deps   consent.Deps
	flow   *consent.Flow
	told   []sam.ConnectionID // by Deps.Stored
	secret string             // of the app

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC), secret: "app-secret-value"}
	w.idp = newIDP(t, w.clock)
	w.furnish(w.idp.URL, w.idp.Client())
	return w
}

// newQuietWorld has no provider to talk to.
func newQuietWorld() *world {
	w := &world{now: time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC), secret: "app-secret-value"}
	w.furnish("http://127.0.0.1:1", http.DefaultClient)
	return w
}

func (w *world) furnish(login string, client *http.Client) {
	public, _ := cloud.Lookup("public")
	w.vault = newFlakyVault(w.clock)
	w.ledger = &flakyLedger{Memory: ledgertest.NewMemory(w.clock)}
	w.deps = consent.Deps{
		Cloud: public, App: app,
		Tenants:     []sam.TenantID{partner},
		Accounts:    []string{strings.ToUpper(upn)},
		RedirectURI: "https://keeper.example/api/consent/callback",
		SignIn: entra.New(entra.Config{
			Cloud: public, LoginURL: login, App: app, HTTP: client, Now: w.clock,
			Credential: entra.SecretCredential(func(context.Context) (sam.Secret, error) { return sam.NewSecret(w.secret), nil }),
		}),
		Vault: w.vault, Ledger: w.ledger, Now: w.clock,
		Stored: func(c sam.ConnectionID) { w.told = append(w.told, c) },
	}
	w.flow = consent.New(w.deps)
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

// begin starts a consent and signs in: the callback is what an honest browser
// would bring.
func (w *world) begin(t *testing.T) consent.Callback {
	t.Helper()
	r, err := w.flow.Start(t.Context(), "")
	if err != nil {
		t.Fatal("start:", err)
	}
	return consent.Callback{Method: http.MethodPost, Values: w.idp.signIn(t, r.URL), Cookie: r.Cookie.Value}
}

// wantStored fails unless the vault holds n enabled versions, and the ledger
// knows the connection exactly when there is one.
func (w *world) wantStored(t *testing.T, n int) {
	t.Helper()
	versions, err := w.vault.Versions(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	enabled := 0
	for _, v := range versions {
		if v.Enabled {
			enabled++
		}
	}
	if enabled != n {
		t.Errorf("the vault holds %d usable versions, want %d", enabled, n)
	}
	all, err := w.ledger.Connections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != min(n, 1) {
		t.Errorf("the ledger knows %d connections, want %d", len(all), min(n, 1))
	}
}

// trail is every audit line about the connection or its tenant, newest first.
func (w *world) trail(t *testing.T) []ledger.Audit {
	t.Helper()
	var all []ledger.Audit
	for _, subject := range []string{string(connection), string(partner)} {
		lines, err := w.ledger.AuditTrail(t.Context(), subject, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, lines...)
	}
	return all
}

// wantNoSecrets fails if anything that was ever minted shows up in what people
// and logs get to see.
func (w *world) wantNoSecrets(t *testing.T, shown ...any) {
	t.Helper()
	rows, err := w.ledger.Connections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := fmt.Sprintf("%+v %+v %#v", shown, w.trail(t), rows)
	b, err := json.Marshal([]any{shown, w.trail(t), rows})
	if err != nil {
		t.Fatal(err)
	}
	seen += string(b)
	for _, s := range append(w.idp.secrets(), w.secret) {
		if strings.Contains(seen, s) {
			t.Errorf("a secret is visible: %.12s… in %s", s, seen)
		}
	}
}

// flakyVault is a vault in memory that fails on demand: fails by method name,
// and with corrupt At returns something else than was put.
type flakyVault struct {
	*vaulttest.Memory
	key     sam.Secret
	older   []sam.Secret // enabled and replaced within the overlap
	fails   map[string]error
	corrupt bool
}

func newFlakyVault(now func() time.Time) *flakyVault {
	v := &flakyVault{
		Memory: vaulttest.NewMemory(now),
		key:    sam.NewSecret("c3RhdGUta2V5LXN0YXRlLWtleS1zdGF0ZS1rZXktMDE="),
		fails:  map[string]error{},
	}
	v.Before(func(method string) error { return v.fails[method] })
	return v
}

var errDown = &sam.Problem{
	Op: "use the vault", Class: sam.ClassRetry, Status: 503,
	Plain: "The vault is unavailable for the moment.", Fix: "Nothing; it is tried again later.",
}

func (v *flakyVault) StateKeys(_ context.Context, overlap time.Duration) ([]sam.Secret, error) {
	keys := []sam.Secret{v.key}
	if overlap >= consent.Lifetime {
		keys = append(keys, v.older...)
	}
	return keys, v.fails["StateKeys"]
}

func (v *flakyVault) At(ctx context.Context, conn sam.ConnectionID, id string) (vault.Version, error) {
	got, err := v.Memory.At(ctx, conn, id)
	if err == nil && v.corrupt {
		got.Token = sam.NewSecret(got.Token.Reveal()[:5])
	}
	return got, err
}

// flakyLedger is the real ledger until a method is told to fail.
type flakyLedger struct {
	*ledgertest.Memory
	state, consume, connection error
	record                     map[string]error // by phase
}

func (l *flakyLedger) PutState(ctx context.Context, s ledger.ConsentState) error {
	if l.state != nil {
		return l.state
	}
	return l.Memory.PutState(ctx, s)
}

func (l *flakyLedger) ConsumeState(ctx context.Context, id string, now time.Time) (ledger.ConsentState, error) {
	if l.consume != nil {
		return ledger.ConsentState{}, l.consume
	}
	return l.Memory.ConsumeState(ctx, id, now)
}

func (l *flakyLedger) PutConnection(ctx context.Context, c ledger.Connection) error {
	if l.connection != nil {
		return l.connection
	}
	return l.Memory.PutConnection(ctx, c)
}

func (l *flakyLedger) Record(ctx context.Context, a ledger.Audit) error {
	if err := l.record[a.Phase]; err != nil {
		return err
	}
	return l.Memory.Record(ctx, a)
}

// set replaces one field of a callback.
func set(v url.Values, name, value string) { v[name] = []string{value} }

// rotateKey writes a new state key; the one before stays enabled.
func (v *flakyVault) rotateKey() {
	v.older = append([]sam.Secret{v.key}, v.older...)
	v.key = sam.NewSecret(strings.Repeat(fmt.Sprintf("key %04d ", len(v.older)), 4))
}
