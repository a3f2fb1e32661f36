package token

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/vault"
)

const (
	// skew is how long before its expiry a token is no longer given out.
	skew = 5 * time.Minute
	// vaultLife is how long a refresh token read from the vault is used unread.
	vaultLife = 10 * time.Minute
	// confirmLife is how long "still the newest version" is believed after a refusal.
	confirmLife = time.Minute
	// renewPause is the pause after a failed early renewal.
	renewPause = 30 * time.Second
	// flightLife ends one redemption with its vault reads.
	flightLife = time.Minute
	// maxTokens bounds the cache: at about 2 KiB a token, some 20 MiB.
	maxTokens = 10_000
)

// Redeemer trades a refresh token for an access token; *entra.Client is one.
type Redeemer interface {
	Redeem(ctx context.Context, r entra.RefreshRequest) (entra.Tokens, error)
}

// Reader reads a connection's refresh token; *vault.Vault is one.
type Reader interface {
	Current(ctx context.Context, conn sam.ConnectionID) (vault.Version, error)
}

// Governor counts redemptions for all processes; *throttle.Governor is one.
type Governor interface {
	Admit(ctx context.Context, s throttle.Scope, now time.Time) (time.Duration, error)
	Observe(ctx context.Context, s throttle.Scope, a throttle.Answer, now time.Time) error
}

// Config is what a Source needs.
type Config struct {
	Redeemer Redeemer
	Vault    Reader
	Limits   Governor         // nil means that nobody counts
	Now      func() time.Time // nil means time.Now
}

// Source hands out access tokens. It is safe for concurrent use.
type Source struct {
	redeemer Redeemer
	vault    Reader
	limits   Governor
	now      func() time.Time

	ctx    context.Context // ends every flight; see Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu         sync.Mutex
	tokens     map[key]azcore.AccessToken
	flights    map[flightKey]*flight
	grants     map[sam.ConnectionID]*grant
	generation uint64 // raised by Forget: older flights store nothing
	closed     bool
}

// key names one cached token.
type key struct {
	conn   sam.ConnectionID
	tenant sam.TenantID
	scope  string
}

// New returns a source. Close it when done.
func New(cfg Config) *Source {
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Source{
		redeemer: cfg.Redeemer, vault: cfg.Vault, limits: cfg.Limits, now: now, ctx: ctx, cancel: cancel,
		tokens:  make(map[key]azcore.AccessToken),
		flights: make(map[flightKey]*flight),
		grants:  make(map[sam.ConnectionID]*grant),
	}
}

// Credential is the connection's credential in a tenant. Making one is cheap;
// all of them share the Source's cache.
func (s *Source) Credential(conn sam.ConnectionID, tenant sam.TenantID) azcore.TokenCredential {
	return &tenantCredential{source: s, conn: conn, tenant: tenant}
}

// Forget drops everything held for a connection, after a rotation or a consent.
// Tokens already given out stay valid; flights under way still answer their
// callers, but what they bring is not kept.
func (s *Source) Forget(conn sam.ConnectionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	delete(s.grants, conn)
	for k := range s.tokens {
		if k.conn == conn {
			delete(s.tokens, k)
		}
	}
}

// Close ends the flights under way and waits for them. Later requests that
// would need Entra fail.
func (s *Source) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}

// cached returns the token to give out, and whether it is time to renew it.
func (s *Source) cached(k key) (t azcore.AccessToken, hit, renew bool) {
	now := s.now()
	s.mu.Lock()
	t, ok := s.tokens[k]
	s.mu.Unlock()
	if !ok || !now.Before(t.ExpiresOn.Add(-skew)) {
		return azcore.AccessToken{}, false, true
	}
	return t, true, !t.RefreshOn.IsZero() && !now.Before(t.RefreshOn)
}

// keep stores a token that a flight of this generation brought.
func (s *Source) keep(k key, t azcore.AccessToken, generation uint64) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation != s.generation {
		return
	}
	if _, there := s.tokens[k]; !there && len(s.tokens) >= maxTokens {
		s.makeRoom(now)
	}
	s.tokens[k] = t
}

// makeRoom drops the expired tokens and, if all live, a tenth of them, so that
// the sweep is paid for once in a thousand insertions.
func (s *Source) makeRoom(now time.Time) {
	for k, t := range s.tokens {
		if !now.Before(t.ExpiresOn.Add(-skew)) {
			delete(s.tokens, k)
		}
	}
	for k := range s.tokens {
		if len(s.tokens) <= maxTokens-maxTokens/10 {
			return
		}
		delete(s.tokens, k)
	}
}

// postpone puts the next early renewal off after one that failed.
func (s *Source) postpone(k key) {
	next := s.now().Add(renewPause)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[k]; ok && !t.RefreshOn.IsZero() && t.RefreshOn.Before(next) {
		t.RefreshOn = next
		s.tokens[k] = t
	}
}
