package rotation_test

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// Versions are put into the vault in this order; rotation must start from the
// named one, whatever the clocks of those who wrote the others said.
func TestRotationStartsFromTheNewestGrant(t *testing.T) {
	t.Parallel()
	const (
		consent = vault.SourceConsent
		rotated = vault.SourceRotation
	)
	type put struct {
		source   string
		from     int           // index of the consent it descends from; -1: not written down
		skew     time.Duration // of the clock that stamped redeemed-at
		disabled bool
	}
	tests := []struct {
		name string
		puts []put
		base int
	}{
		{"consent alone", []put{{source: consent}}, 0},
		{"its descendant", []put{{source: consent}, {source: rotated, from: 0}}, 1},
		{"a consent on top", []put{{source: consent}, {source: rotated, from: 0}, {source: consent}}, 2},
		{"left above a newer consent", []put{{source: consent}, {source: consent}, {source: rotated, from: 0}}, 1},
		{"the same, by a clock ahead", []put{{source: consent}, {source: consent}, {source: rotated, from: 0, skew: time.Hour}}, 1},
		{"left above the newer one's descendant", []put{{source: consent}, {source: consent, disabled: true}, {source: rotated, from: 1}, {source: rotated, from: 0}}, 2},
		{"the newer consent was withdrawn", []put{{source: consent}, {source: consent, disabled: true}, {source: rotated, from: 0}}, 2},
		{"by a clock behind", []put{{source: consent}, {source: rotated, from: 0, skew: -48 * time.Hour}}, 1},
		{"brought along, without a grant", []put{{source: ""}}, 0},
		{"not written down, by the clock younger", []put{{source: consent}, {source: rotated, from: -1}}, 1},
		{"not written down, by the clock older", []put{{source: consent}, {source: rotated, from: -1, skew: -2 * time.Hour}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			var ids []string
			for _, p := range tt.puts {
				of := ""
				if p.source == rotated && p.from >= 0 {
					of = ids[p.from]
				}
				v, err := w.vault.Put(t.Context(), vault.Version{
					Connection: connection, Token: w.entra.mint(&grant{conn: connection, mfa: true}), App: app, Cloud: "public",
					Source: p.source, Grant: of, RedeemedAt: w.clock().Add(p.skew),
				})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, v.ID)
				if p.disabled {
					_ = w.vault.Disable(t.Context(), connection, v.ID)
				}
				w.wait(time.Hour)
			}
			r, err := w.rotator().Rotate(t.Context(), connection, true)
			if err != nil || r.State != rotation.Rotated || r.From != ids[tt.base] {
				t.Errorf("started from %s, want version %d of %q: %+v, %v", r.From, tt.base, ids, r, err)
			}
			if v := w.current(t, connection); v.Grant == "" && tt.puts[tt.base].source != "" {
				t.Error("the new version does not say which grant it is of")
			}
		})
	}
}
