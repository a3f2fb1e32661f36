package world

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"sync"
	"time"
)

// secretBook remembers every secret value the simulator gave out, so that a
// test can prove that none of them leaked anywhere.
type secretBook struct {
	terse  bool // remember nothing; set before the first use
	mu     sync.Mutex
	values []string
}

// mint makes a secret of n random bytes, base64url, and records it.
func (b *secretBook) mint(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails since Go 1.24
	value := base64.RawURLEncoding.EncodeToString(raw)
	b.add(value)
	return value
}

func (b *secretBook) add(value string) {
	if b.terse {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.values = append(b.values, value)
}

// RandomSecret makes a secret of n random bytes, base64url without padding,
// and records it. Locks.
func (w *World) RandomSecret(n int) string { return w.secrets.mint(n) }

// RecordSecret records a secret value that was made elsewhere (a token, a
// value put into the vault). Locks.
func (w *World) RecordSecret(value string) { w.secrets.add(value) }

// Secrets lists every secret value given out so far, oldest first. Locks.
func (w *World) Secrets() []string {
	w.secrets.mu.Lock()
	defer w.secrets.mu.Unlock()
	return slices.Clone(w.secrets.values)
}

// ExpireTokens ends every access token issued before now. It moves the clock
// two seconds on, since tokens are stamped with whole seconds. No lock.
func (w *World) ExpireTokens() {
	w.Advance(2 * time.Second)
	w.cutoff.Store(w.Now().Unix())
}

// TokenAlive tells whether an access token with these times may still be used:
// not ended by ExpireTokens, and not over by the earlier of the wall clock and
// the virtual clock. No lock.
func (w *World) TokenAlive(issued, expires time.Time) bool {
	if issued.Unix() < w.cutoff.Load() {
		return false
	}
	now := w.Now()
	if wall := time.Now(); wall.Before(now) {
		now = wall
	}
	return now.Before(expires)
}
