package world

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// RefreshLife is how long a refresh token lives unused; every redemption gives
// a new one with the full life again, and leaves the old one as it is.
const RefreshLife = 90 * 24 * time.Hour

// Grant is what a sign-in left behind: who, by which app, how strongly. All
// refresh tokens of one sign-in share it.
type Grant struct {
	ID       string
	Tenant   string // home tenant of the user
	User     string // object id
	App      string
	AMR      []string // "pwd", and "mfa" when a second factor was shown
	AuthTime time.Time
}

// RefreshState is what the authority knows of a refresh token.
type RefreshState struct {
	Grant   Grant
	Issued  time.Time
	Revoked bool
}

// Expired tells whether the token has been unused for longer than RefreshLife.
func (s RefreshState) Expired(now time.Time) bool { return !now.Before(s.Issued.Add(RefreshLife)) }

type refreshRecord struct {
	grant  *Grant
	issued time.Time
}

// grantBook keeps refresh tokens by their digest.
type grantBook struct {
	mu      sync.RWMutex
	tokens  map[[sha256.Size]byte]refreshRecord
	revoked map[*Grant]bool
	all     []*Grant
}

// OpenGrant records a sign-in and returns its first refresh token. Locks.
func (w *World) OpenGrant(g Grant) string {
	g.AMR = slices.Clone(g.AMR)
	w.grants.mu.Lock()
	w.grants.all = append(w.grants.all, &g)
	w.grants.mu.Unlock()
	return w.issueRefresh(&g)
}

// RenewRefresh gives a new refresh token for the grant behind an old one; ok
// is false for an unknown token. Locks.
func (w *World) RenewRefresh(old string) (token string, ok bool) {
	w.grants.mu.RLock()
	record, ok := w.grants.tokens[sha256.Sum256([]byte(old))]
	w.grants.mu.RUnlock()
	if !ok {
		return "", false
	}
	return w.issueRefresh(record.grant), true
}

// Refresh looks a refresh token up. Locks.
func (w *World) Refresh(token string) (RefreshState, bool) {
	w.grants.mu.RLock()
	defer w.grants.mu.RUnlock()
	record, ok := w.grants.tokens[sha256.Sum256([]byte(token))]
	if !ok {
		return RefreshState{}, false
	}
	return RefreshState{Grant: *record.grant, Issued: record.issued, Revoked: w.grants.revoked[record.grant]}, true
}

// RevokeGrants revokes every grant of a user made so far ("revoke sessions")
// and returns how many there were. Later sign-ins are not touched. Locks.
func (w *World) RevokeGrants(oid string) int {
	w.grants.mu.Lock()
	defer w.grants.mu.Unlock()
	if w.grants.revoked == nil {
		w.grants.revoked = map[*Grant]bool{}
	}
	n := 0
	for _, g := range w.grants.all {
		if g.User == oid && !w.grants.revoked[g] {
			w.grants.revoked[g] = true
			n++
		}
	}
	return n
}

// refreshBytes makes tokens of 1,200 characters, the size seen in practice.
const refreshBytes = 900

// terseBytes is the size in a terse world.
const terseBytes = 24

func (w *World) issueRefresh(g *Grant) string {
	size := refreshBytes
	if w.secrets.terse {
		size = terseBytes
	}
	token := w.secrets.mint(size)
	w.grants.mu.Lock()
	defer w.grants.mu.Unlock()
	if w.grants.tokens == nil {
		w.grants.tokens = map[[sha256.Size]byte]refreshRecord{}
	}
	w.grants.tokens[sha256.Sum256([]byte(token))] = refreshRecord{grant: g, issued: w.Now()}
	return token
}
