package vaulttest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// Hook is called with the name of a Memory method ("Put", "Current", …). Its
// error becomes the call's.
type Hook func(method string) error

// Memory is a vault in memory with the methods of *vault.Vault. It is safe for
// concurrent use.
type Memory struct {
	now func() time.Time

	mu            sync.Mutex
	versions      map[sam.ConnectionID][]vault.Version // oldest first
	secrets       map[string]sam.Secret
	stateKey      sam.Secret
	before, after Hook
	calls         []string
}

// NewMemory returns an empty vault. nil now means time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{
		now:      now,
		versions: make(map[sam.ConnectionID][]vault.Version),
		secrets:  make(map[string]sam.Secret),
	}
}

// Before sets the hook that may stop a call before it does anything; nil removes it.
func (m *Memory) Before(h Hook) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = h
}

// After sets the hook that may fail a call after it has taken effect; nil removes it.
func (m *Memory) After(h Hook) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.after = h
}

// Calls lists the methods called so far.
func (m *Memory) Calls() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.calls)
}

// SetSecret stores a named secret, such as the app's client secret.
func (m *Memory) SetSecret(name string, value sam.Secret) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.secrets[name] = value
}

// call runs act between the hooks. Hooks run without the lock, so that they may
// look at the vault.
func (m *Memory) call(ctx context.Context, method string, act func() error) error {
	m.mu.Lock()
	m.calls = append(m.calls, method)
	before, after := m.before, m.after
	m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &sam.Problem{Op: method, Class: sam.ClassRetry, Err: err, Plain: "The vault did not answer."}
	}
	if before != nil {
		if err := before(method); err != nil {
			return err
		}
	}
	m.mu.Lock()
	err := act()
	m.mu.Unlock()
	if err == nil && after != nil {
		err = after(method)
	}
	return err
}

// Current is like (*vault.Vault).Current.
func (m *Memory) Current(ctx context.Context, conn sam.ConnectionID) (vault.Version, error) {
	var got vault.Version
	err := m.call(ctx, "Current", func() error {
		all := m.versions[conn]
		for _, v := range slices.Backward(all) {
			if v.Enabled {
				got = v
				return nil
			}
		}
		if len(all) > 0 {
			return refused(conn, "SecretDisabled", sam.ClassConfiguration, vault.ErrDisabled)
		}
		return refused(conn, "SecretNotFound", sam.ClassReconsent, vault.ErrAbsent)
	})
	return found(got, err)
}

// Put is like (*vault.Vault).Put.
func (m *Memory) Put(ctx context.Context, v vault.Version) (vault.Version, error) {
	err := m.call(ctx, "Put", func() error {
		if v.Token.Empty() {
			return refused(v.Connection, "BadParameter", sam.ClassConfiguration, nil)
		}
		if v.RedeemedAt.IsZero() {
			v.RedeemedAt = m.now()
		}
		v.RedeemedAt = v.RedeemedAt.UTC()
		v.ID, v.Enabled = newID(), true
		v.Created = m.now().UTC().Truncate(time.Second)
		v.Expires = v.RedeemedAt.Add(vault.TokenLife).Truncate(time.Second)
		v.AMR = slices.Clone(v.AMR)
		m.versions[v.Connection] = append(m.versions[v.Connection], v)
		return nil
	})
	return found(v, err)
}

// Versions is like (*vault.Vault).Versions.
func (m *Memory) Versions(ctx context.Context, conn sam.ConnectionID) ([]vault.Version, error) {
	var all []vault.Version
	err := m.call(ctx, "Versions", func() error {
		all = slices.Grow(all, len(m.versions[conn]))
		for _, v := range slices.Backward(m.versions[conn]) {
			v.Token = sam.Secret{}
			all = append(all, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// At is like (*vault.Vault).At.
func (m *Memory) At(ctx context.Context, conn sam.ConnectionID, id string) (vault.Version, error) {
	var got vault.Version
	err := m.call(ctx, "At", func() error {
		v := m.version(conn, id)
		switch {
		case v == nil:
			return refused(conn, "SecretNotFound", sam.ClassConfiguration, vault.ErrAbsent)
		case !v.Enabled:
			return refused(conn, "SecretDisabled", sam.ClassConfiguration, vault.ErrDisabled)
		}
		got = *v
		return nil
	})
	return found(got, err)
}

// Disable is like (*vault.Vault).Disable.
func (m *Memory) Disable(ctx context.Context, conn sam.ConnectionID, id string) error {
	return m.call(ctx, "Disable", func() error {
		v := m.version(conn, id)
		if v == nil {
			return refused(conn, "SecretNotFound", sam.ClassConfiguration, vault.ErrAbsent)
		}
		v.Enabled = false
		return nil
	})
}

// Connections is like (*vault.Vault).Connections.
func (m *Memory) Connections(ctx context.Context) ([]sam.ConnectionID, error) {
	var all []sam.ConnectionID
	err := m.call(ctx, "Connections", func() error {
		for c := range m.versions {
			all = append(all, c)
		}
		slices.Sort(all)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// StateKeys is like (*vault.Vault).StateKeys; nobody rotates this key.
func (m *Memory) StateKeys(ctx context.Context, _ time.Duration) ([]sam.Secret, error) {
	var got sam.Secret
	err := m.call(ctx, "StateKeys", func() error {
		if m.stateKey.Empty() {
			m.stateKey = sam.NewSecret(base64.StdEncoding.EncodeToString(random(32)))
		}
		got = m.stateKey
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []sam.Secret{got}, nil
}

// Secret is like (*vault.Vault).Secret.
func (m *Memory) Secret(ctx context.Context, name string) (sam.Secret, error) {
	var got sam.Secret
	err := m.call(ctx, "Secret", func() error {
		v, ok := m.secrets[name]
		if !ok {
			return refused("", "SecretNotFound", sam.ClassConfiguration, vault.ErrAbsent)
		}
		got = v
		return nil
	})
	if err != nil {
		return sam.Secret{}, err
	}
	return got, nil
}

// Preflight is like (*vault.Vault).Preflight; only a hook makes it fail.
func (m *Memory) Preflight(ctx context.Context) error {
	return m.call(ctx, "Preflight", func() error { return nil })
}

// version finds a stored version; the lock is held.
func (m *Memory) version(conn sam.ConnectionID, id string) *vault.Version {
	all := m.versions[conn]
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return nil
}

// found returns the zero Version beside an error.
func found(v vault.Version, err error) (vault.Version, error) {
	if err != nil {
		return vault.Version{}, err
	}
	return v, nil
}

func refused(conn sam.ConnectionID, code string, class sam.Class, err error) *sam.Problem {
	return &sam.Problem{
		Op: "use the vault in memory", Tenant: conn.Tenant(), Class: class, Code: code, Err: err,
		Plain: "The vault in memory refuses.", Fix: "See the code.",
	}
}

func newID() string { return hex.EncodeToString(random(16)) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand, Go 1.24)
	return b
}
