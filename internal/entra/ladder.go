package entra

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// ladderRest is how long a lower rung is used before the first is tried again.
const ladderRest = time.Hour

// Rung is one credential of a ladder.
type Rung struct {
	Name       string // "managed-identity", for people
	Credential AppCredential
}

// LadderConfig is a list of credentials in the order in which they are used.
type LadderConfig struct {
	Rungs []Rung
	// Moved is told when a refused credential is left for the next one. nil
	// means nobody listens.
	Moved func(ctx context.Context, from, to string, because *sam.Problem)
	Now   func() time.Time // nil means time.Now
}

// Ladder proves the app with the first of several credentials that is not
// refused. The next one is used only when it is on the list and the one before
// was refused with class credential: an outage never moves anybody. After an
// hour the first is tried again. When all are refused the next request begins
// at the first. It is safe for concurrent use.
type Ladder struct {
	LadderConfig

	mu    sync.Mutex
	at    int       // the rung in use
	since time.Time // when it was reached
}

// NewLadder returns a ladder that stands on its first rung. It needs one.
func NewLadder(cfg LadderConfig) *Ladder {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Moved == nil {
		cfg.Moved = func(context.Context, string, string, *sam.Problem) {}
	}
	return &Ladder{LadderConfig: cfg}
}

// Apply implements AppCredential.
func (l *Ladder) Apply(ctx context.Context, tenant sam.TenantID, form url.Values) error {
	_, err := l.apply(ctx, tenant, form)
	return err
}

// apply adds the credential in use, or the next one that can be had, to the
// form, and says which it was.
func (l *Ladder) apply(ctx context.Context, tenant sam.TenantID, form url.Values) (int, error) {
	for rung := l.current(); ; rung++ {
		clearProof(form)
		err := l.Rungs[rung].Credential.Apply(ctx, tenant, form)
		p := sam.AsProblem(err)
		if err == nil || p == nil || p.Class != credential || !l.leave(ctx, rung, p) {
			return rung, err
		}
	}
}

// refused is told that Entra refused what a rung gave. It reports whether
// another try would send something else: a newer value of the same rung, or
// the next rung's.
func (l *Ladder) refused(ctx context.Context, rung int, form url.Values, p *sam.Problem) bool {
	if can, ok := l.Rungs[rung].Credential.(renewer); ok {
		if changed, err := can.renew(ctx, form); err == nil && changed {
			return true
		}
	}
	return l.leave(ctx, rung, p)
}

// leave moves from a refused rung to the next one, unless somebody did so
// already. It is false on the last rung; the next request then starts anew.
func (l *Ladder) leave(ctx context.Context, rung int, p *sam.Problem) bool {
	l.mu.Lock()
	last := rung == len(l.Rungs)-1
	moved := !last && l.at <= rung
	switch {
	case last:
		l.at = 0
	case moved:
		l.at, l.since = rung+1, l.Now()
	}
	l.mu.Unlock()
	if moved {
		l.Moved(ctx, l.Rungs[rung].Name, l.Rungs[rung+1].Name, p)
	}
	return !last
}

// current is the rung in use; it goes back to the first after an hour.
func (l *Ladder) current() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at > 0 && l.Now().Sub(l.since) >= ladderRest {
		l.at = 0
	}
	return l.at
}

// clearProof takes another credential's fields out of a form.
func clearProof(form url.Values) {
	form.Del("client_secret")
	form.Del("client_assertion_type")
	form.Del("client_assertion")
}
