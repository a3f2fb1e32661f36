package rotation_test

import (
	"context"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// wrong is a vault that does one thing wrongly, so that rotation over it breaks
// the law: what is nil is done right.
type wrong struct {
	rotation.Vault
	put      func(context.Context, rotation.Vault, vault.Version) (vault.Version, error)
	disable  func(context.Context, rotation.Vault, string) error
	versions func([]vault.Version) []vault.Version
}

func (w wrong) Put(ctx context.Context, v vault.Version) (vault.Version, error) {
	if w.put == nil {
		return w.Vault.Put(ctx, v)
	}
	return w.put(ctx, w.Vault, v)
}

func (w wrong) Disable(ctx context.Context, c sam.ConnectionID, id string) error {
	if w.disable == nil {
		return w.Vault.Disable(ctx, c, id)
	}
	return w.disable(ctx, w.Vault, id)
}

func (w wrong) Versions(ctx context.Context, c sam.ConnectionID) ([]vault.Version, error) {
	all, err := w.Vault.Versions(ctx, c)
	if w.versions != nil {
		all = w.versions(all)
	}
	return all, err
}

// disableAllBut keeps one version enabled.
func disableAllBut(ctx context.Context, v rotation.Vault, keep string) error {
	all, err := v.Versions(ctx, onStage)
	for _, one := range all {
		if one.ID != keep && err == nil {
			err = v.Disable(ctx, onStage, one.ID)
		}
	}
	return err
}

// consentsAtEachCall: a consent lands before each call of A.
func consentsAtEachCall(tb testing.TB) []schedule {
	tb.Helper()
	return slices.DeleteFunc(undisturbed(tb), func(s schedule) bool { return s.second != consentsAnew || s.tick != instant })
}

// crashesAfterTheWrite: a consent lands before each call of A, whose clock is
// ahead, and A dies in one of the calls after that.
func crashesAfterTheWrite(tb testing.TB) []schedule {
	tb.Helper()
	var all []schedule
	for enters := 1; enters <= len((schedule{}).play(tb, nil).calls); enters++ {
		for later := range 3 {
			all = append(all, schedule{
				tick: 3 * time.Second, skew: 10 * time.Minute, second: consentsAnew, enters: enters,
				mishaps: []at{{enters + later, diesAfter}},
			})
		}
	}
	return all
}

// The checks of the schedules can fail: each of these ways to break the law is
// found.
func TestTheSchedulesFindABrokenRotator(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		vault wrong
		plans func(testing.TB) []schedule
	}{
		"retires the newest version instead of an old one": {vault: wrong{
			disable: func(ctx context.Context, v rotation.Vault, _ string) error {
				current, err := v.Current(ctx, onStage)
				if err != nil {
					return err
				}
				return disableAllBut(ctx, v, current.ID+"?")
			},
		}},
		"trusts the new version before it is in the vault": {vault: wrong{
			put: func(ctx context.Context, v rotation.Vault, next vault.Version) (vault.Version, error) {
				if err := disableAllBut(ctx, v, ""); err != nil {
					return vault.Version{}, err
				}
				return v.Put(ctx, next)
			},
		}},
		"disables a consent that landed meanwhile": {vault: wrong{
			put: func(ctx context.Context, v rotation.Vault, next vault.Version) (vault.Version, error) {
				put, err := v.Put(ctx, next)
				if err != nil {
					return put, err
				}
				return put, disableAllBut(ctx, v, put.ID)
			},
		}},
		"does not look for consents": {plans: consentsAtEachCall, vault: wrong{
			versions: func(all []vault.Version) []vault.Version {
				return slices.DeleteFunc(all, func(v vault.Version) bool { return v.Source == vault.SourceConsent })
			},
		}},
		"forgets the grant and believes its clock": {plans: crashesAfterTheWrite, vault: wrong{
			put: func(ctx context.Context, v rotation.Vault, next vault.Version) (vault.Version, error) {
				next.Grant = ""
				return v.Put(ctx, next)
			},
		}},
		"deletes": {vault: wrong{
			put: func(ctx context.Context, v rotation.Vault, next vault.Version) (vault.Version, error) {
				if _, err := keyVaultClient().DeleteSecret(ctx, vault.SecretName(onStage), nil); err != nil {
					return vault.Version{}, err
				}
				return v.Put(ctx, next)
			},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plans := everyNth(undisturbed(t), 8)
			if tt.plans != nil {
				plans = tt.plans(t)
			}
			c := &tally{traces: map[[sha256.Size]byte]bool{}}
			playAll(t, plans, c, func(v rotation.Vault) rotation.Vault {
				w := tt.vault
				w.Vault = v
				return w
			})
			if len(c.failed) == 0 {
				t.Errorf("%d schedules, and none of them found it", len(plans))
			}
		})
	}
}
