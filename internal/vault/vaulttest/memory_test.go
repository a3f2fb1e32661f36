package vaulttest_test

import (
	"errors"
	"testing"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	t.Parallel()
	vaulttest.Run(t, func(*testing.T) vaulttest.Fixture {
		m := vaulttest.NewMemory(nil)
		return vaulttest.Fixture{Store: m, Seed: m.SetSecret, Another: func() vaulttest.Store { return m }}
	})
}

func TestMemoryHooks(t *testing.T) {
	t.Parallel()
	crash := errors.New("the process died")
	at := func(method string) vaulttest.Hook {
		return func(m string) error {
			if m == method {
				return crash
			}
			return nil
		}
	}
	conn := sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
	put := vault.Version{Connection: conn, Token: sam.NewSecret("token-1")}
	m := vaulttest.NewMemory(nil)

	m.Before(at("Put"))
	if _, err := m.Put(t.Context(), put); !errors.Is(err, crash) {
		t.Fatalf("before Put: %v, want the crash", err)
	}
	if all, err := m.Versions(t.Context(), conn); err != nil || len(all) != 0 {
		t.Errorf("a crash before Put left %d versions (%v)", len(all), err)
	}

	m.Before(nil)
	m.After(at("Put"))
	if _, err := m.Put(t.Context(), put); !errors.Is(err, crash) {
		t.Fatalf("after Put: %v, want the crash", err)
	}
	m.After(nil)
	if v, err := m.Current(t.Context(), conn); err != nil || v.Token.Reveal() != "token-1" {
		t.Errorf("a crash after Put lost the version (%v)", err)
	}
	if calls := m.Calls(); len(calls) != 4 || calls[0] != "Put" || calls[3] != "Current" {
		t.Errorf("calls %v", calls)
	}
}
