package vault_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

func version(token string) vault.Version {
	return vault.Version{
		Connection: conn, Token: sam.NewSecret(token), UPN: "sam.keeper@partner.example", Kind: sam.PartnerConnection,
		Source: vault.SourceRotation, AMR: []string{"mfa"}, Cloud: "public",
	}
}

func TestSecretName(t *testing.T) {
	t.Parallel()
	want := "rt-11111111-1111-4111-8111-111111111111-33333333-3333-4333-8333-333333333333"
	if got := vault.SecretName(conn); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestVersionIsDescribedForPeople(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	v := vaultOf(t, sim)
	redeemed := sim.World.Now().Add(-time.Hour)
	put := version("token-1")
	put.RedeemedAt = redeemed
	if _, err := v.Put(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	got, err := clientOf(t, sim).GetSecret(t.Context(), vault.SecretName(conn), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := redeemed.Add(90 * 24 * time.Hour).Unix(); got.Attributes.Expires == nil || got.Attributes.Expires.Unix() != want {
		t.Errorf("exp %v, want %d", got.Attributes.Expires, want)
	}
	if got.ContentType == nil || *got.ContentType != "application/vnd.refresh-token" {
		t.Errorf("content type %v", got.ContentType)
	}
	for name, want := range map[string]string{"upn": put.UPN, "kind": "partner", "source": "rotation", "amr": "mfa", "cloud": "public", "redeemed-at": redeemed.UTC().Format(time.RFC3339Nano)} {
		if tag := got.Tags[name]; tag == nil || *tag != want {
			t.Errorf("tag %s is not %q", name, want)
		}
	}
	if len(got.Tags) > 15 || got.Tags["app"] != nil {
		t.Errorf("%d tags, an empty one among them: %v", len(got.Tags), got.Tags["app"])
	}
}

func TestTokenStoredByHand(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	sim.Vault.Preset(vault.SecretName(conn), "token-by-hand")
	got, err := vaultOf(t, sim).Current(t.Context(), conn)
	if err != nil || got.Token.Reveal() != "token-by-hand" || got.RedeemedAt.IsZero() || !got.RedeemedAt.Equal(got.Created) {
		t.Errorf("redeemed %v, created %v, %v", got.RedeemedAt, got.Created, err)
	}
	if !got.Expires.Equal(got.Created.Add(vault.TokenLife)) {
		t.Errorf("expires %v, want 90 days after %v", got.Expires, got.Created)
	}
}

func TestManyVersionsArePaged(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	v := vaultOf(t, sim)
	const many = 60 // three pages
	last := ""
	for i := range many {
		put, err := v.Put(t.Context(), version(fmt.Sprint("token-", i)))
		if err != nil {
			t.Fatal(err)
		}
		last = put.ID
	}
	all, err := v.Versions(t.Context(), conn)
	if err != nil || len(all) != many || all[0].ID != last {
		t.Errorf("%d versions, newest %s, %v; want %d, %s", len(all), all[0].ID, err, many, last)
	}
}

func TestDeletedSecretIsNotAbsent(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	v := vaultOf(t, sim)
	if _, err := v.Put(t.Context(), version("token-1")); err != nil {
		t.Fatal(err)
	}
	if _, err := clientOf(t, sim).DeleteSecret(t.Context(), vault.SecretName(conn), nil); err != nil {
		t.Fatal(err)
	}
	_, readErr := v.Current(t.Context(), conn)
	_, writeErr := v.Put(t.Context(), version("token-2"))
	for what, err := range map[string]error{"read": readErr, "write": writeErr} {
		p := sam.AsProblem(err)
		if p == nil || p.Code != "ObjectIsDeletedButRecoverable" || p.Class != sam.ClassConfiguration || errors.Is(err, vault.ErrAbsent) {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if !strings.Contains(p.Fix, "Recover") {
			t.Errorf("%s: fix %q does not say how", what, p.Fix)
		}
	}
}

func TestRolesAndOutages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*testing.T, *simtest.Sim)
		class   sam.Class
		code    string
		fix     string
		after   time.Duration
	}{
		"no role":   {role(keyvault.NoRole), sam.ClassConfiguration, "ForbiddenByRbac", "Key Vault Secrets Officer", 0},
		"read only": {role(keyvault.Reader), sam.ClassConfiguration, "ForbiddenByRbac", "Key Vault Secrets Officer", 0},
		"throttled": {dial(faults.Fault{Host: "vault", Kind: faults.Status, Status: http.StatusTooManyRequests, RetryAfter: "7"}), sam.ClassRetry, "", "", 7 * time.Second},
		"outage":    {dial(faults.Fault{Host: "vault", Kind: faults.Status, Status: http.StatusServiceUnavailable, Format: faults.HTML}), sam.ClassRetry, "", "", 0},
		"cut off":   {dial(faults.Fault{Host: "vault", Kind: faults.Drop}), sam.ClassRetry, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t)
			v := vaultOf(t, sim)
			c.prepare(t, sim)
			_, putErr := v.Put(t.Context(), version("token-1-value"))
			for what, err := range map[string]error{"Put": putErr, "Preflight": v.Preflight(t.Context())} {
				p := sam.AsProblem(err)
				if p == nil || p.Class != c.class || c.code != "" && p.Code != c.code || p.RetryAfter != c.after {
					t.Errorf("%s: %+v, want class %s, code %s", what, p, c.class, c.code)
					continue
				}
				if p.Plain == "" || !strings.Contains(p.Fix, c.fix) || strings.Contains(fmt.Sprintf("%+v", err), "token-1-value") {
					t.Errorf("%s: %+v", what, err)
				}
			}
		})
	}
}

func TestPreflightWritesOnceAnHour(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	v := vaultOf(t, sim)
	for _, c := range []struct {
		pause    time.Duration
		versions int
	}{{0, 1}, {0, 1}, {59 * time.Minute, 1}, {2 * time.Minute, 2}} {
		sim.World.Advance(c.pause)
		if err := v.Preflight(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := sim.Vault.Versions()["preflight"]; got != c.versions {
			t.Errorf("after %v: %d versions, want %d", c.pause, got, c.versions)
		}
	}
}

func TestPreflightFailureIsNotRemembered(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	v := vaultOf(t, sim)
	sim.Vault.SetRole(keyvault.Reader)
	if v.Preflight(t.Context()) == nil {
		t.Fatal("preflight passed without the right to write")
	}
	sim.Vault.SetRole(keyvault.Officer)
	if err := v.Preflight(t.Context()); err != nil {
		t.Errorf("after the role was granted: %v", err)
	}
}

func TestStateKeyIsRotatedByANewVersion(t *testing.T) {
	t.Parallel()
	const lifetime = 15 * time.Minute
	sim := simulated(t)
	v, client := vaultOf(t, sim), clientOf(t, sim)
	keys := func(step string, want ...sam.Secret) []sam.Secret {
		t.Helper()
		got, err := v.StateKeys(t.Context(), lifetime)
		if err != nil || want != nil && !slices.EqualFunc(got, want, sam.Secret.Equal) {
			t.Errorf("%s: %d keys, want %d (%v)", step, len(got), len(want), err)
		}
		return got
	}
	first := keys("made on first use")[0]
	sim.World.Advance(time.Hour)
	sim.Vault.Preset("state-key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	second := sam.NewSecret("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	keys("just rotated", second, first)
	sim.World.Advance(lifetime)
	keys("the last cookies of the old key expire", second, first)
	sim.World.Advance(2 * time.Minute)
	keys("all of them have expired", second)
	sim.Vault.Preset("state-key", "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=")
	third := sam.NewSecret("BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB=")
	keys("rotated again", third, second)
	disableOldest(t, client, "state-key")
	disableOldest(t, client, "state-key")
	keys("the old ones are disabled", third)
	disableOldest(t, client, "state-key")
	if got := keys("all are disabled"); len(got) != 1 || got[0].Equal(first) || got[0].Equal(second) || got[0].Equal(third) {
		t.Error("no new key was made after all were disabled")
	}
}
