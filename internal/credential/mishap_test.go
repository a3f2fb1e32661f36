package credential_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
)

// mishap is what happens at one call of a process.
type mishap string

const (
	dies        mishap = "the process dies before the call"
	requestLost mishap = "the request is lost"
	answerLost  mishap = "the answer is lost"
)

// machine runs a process, and lets a mishap happen at its nth call.
type machine struct {
	ctx    context.Context
	cancel context.CancelFunc
	what   mishap

	mu   sync.Mutex
	left int // calls until the mishap; 0: never, or it is over
	dead bool
	hit  bool
}

var errMishap = errors.New("a mishap")

func immortal(t *testing.T) *machine {
	t.Helper()
	return mortal(t, 0, "")
}

func mortal(t *testing.T, n int, what mishap) *machine {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return &machine{ctx: ctx, cancel: cancel, left: n, what: what}
}

// call makes one call, unless something happens.
func (m *machine) call(do func() error) error {
	m.mu.Lock()
	now := m.left == 1
	m.left = max(m.left-1, 0)
	m.hit = m.hit || now
	m.dead = m.dead || now && m.what == dies
	dead := m.dead
	m.mu.Unlock()
	switch {
	case dead:
		m.cancel()
		return errMishap
	case now && m.what == requestLost:
		return errMishap
	}
	if err := do(); err != nil || !now {
		return err
	}
	return errMishap
}

// state tells whether the mishap has happened, and whether it was deadly.
func (m *machine) state() (hit, dead bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hit, m.dead
}

// wire is the network of a machine. What has been sent arrives although the
// sender dies.
type wire struct {
	m    *machine
	next http.RoundTripper
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var resp *http.Response
	err := w.m.call(func() (err error) {
		resp, err = w.next.RoundTrip(r)
		return err
	})
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	}
	return resp, nil
}

// diary is the ledger as a machine reaches it.
type diary struct {
	m    *machine
	book *ledger.Ledger
}

func (d diary) Credential(ctx context.Context, name string) (c ledger.Credential, err error) {
	err = d.m.call(func() (err error) { c, err = d.book.Credential(ctx, name); return err })
	return c, err
}

func (d diary) PutCredential(ctx context.Context, c ledger.Credential) error {
	return d.m.call(func() error { return d.book.PutCredential(ctx, c) })
}

func (d diary) Record(ctx context.Context, a ledger.Audit) error {
	return d.m.call(func() error { return d.book.Record(ctx, a) })
}
