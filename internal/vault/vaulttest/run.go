package vaulttest

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// Store is what *vault.Vault and *Memory have in common.
type Store interface {
	Current(ctx context.Context, conn sam.ConnectionID) (vault.Version, error)
	Put(ctx context.Context, v vault.Version) (vault.Version, error)
	Versions(ctx context.Context, conn sam.ConnectionID) ([]vault.Version, error)
	At(ctx context.Context, conn sam.ConnectionID, id string) (vault.Version, error)
	Disable(ctx context.Context, conn sam.ConnectionID, id string) error
	Connections(ctx context.Context) ([]sam.ConnectionID, error)
	StateKeys(ctx context.Context, overlap time.Duration) ([]sam.Secret, error)
	Secret(ctx context.Context, name string) (sam.Secret, error)
	Preflight(ctx context.Context) error
}

// Fixture is one fresh, empty store to be tested.
type Fixture struct {
	Store Store
	// Seed stores a named secret behind the store's back.
	Seed func(name string, value sam.Secret)
	// Another opens the same store as a second process would.
	Another func() Store
}

const (
	tenant  = sam.TenantID("11111111-1111-4111-8111-111111111111")
	object  = sam.ObjectID("33333333-3333-4333-8333-333333333333")
	another = sam.ObjectID("33333333-3333-4333-8333-444444444444")
)

// sample is a complete version to put.
func sample(token string) vault.Version {
	return vault.Version{
		Connection: sam.NewConnectionID(tenant, object),
		Token:      sam.NewSecret(token),
		UPN:        "sam.keeper@partner.example",
		Kind:       sam.PartnerConnection,
		App:        "22222222-2222-4222-8222-222222222222",
		Cloud:      "public",
		Source:     vault.SourceRotation,
		Grant:      "0123456789abcdef0123456789abcdef",
		AMR:        []string{"pwd", "mfa"},
		RedeemedAt: time.Date(2026, 11, 21, 10, 0, 0, 123456789, time.UTC),
	}
}

// Run checks the store's promises, each on a fresh fixture.
func Run(t *testing.T, fresh func(t *testing.T) Fixture) {
	for name, promise := range map[string]func(*testing.T, Fixture){
		"an unknown connection is absent":              unknownIsAbsent,
		"what was put comes back":                      putComesBack,
		"the last version put is current":              lastIsCurrent,
		"a disabled newest version is passed over":     disabledIsPassedOver,
		"all versions disabled is told from absent":    allDisabled,
		"long and foreign tags are cut, not refused":   longTags,
		"an empty token is refused":                    emptyToken,
		"connections are listed once, in order":        connectionsListed,
		"the state key is made once":                   stateKeyOnce,
		"two processes agree on the state key":         stateKeyAgreed,
		"a named secret is read, an unknown is absent": namedSecret,
		"preflight passes and leaves no connection":    preflightPasses,
		"a cancelled context ends a call":              cancelled,
	} {
		t.Run(name, func(t *testing.T) { promise(t, fresh(t)) })
	}
}

func unknownIsAbsent(t *testing.T, f Fixture) {
	conn := sample("x").Connection
	_, err := f.Store.Current(t.Context(), conn)
	wantProblem(t, err, sam.ClassReconsent, vault.ErrAbsent)
	_, err = f.Store.At(t.Context(), conn, strings.Repeat("0", 32))
	wantProblem(t, err, sam.ClassConfiguration, vault.ErrAbsent)
	_, err = f.Store.At(t.Context(), conn, "")
	wantProblem(t, err, sam.ClassConfiguration, vault.ErrAbsent)
	wantProblem(t, f.Store.Disable(t.Context(), conn, strings.Repeat("0", 32)), sam.ClassConfiguration, vault.ErrAbsent)
	all, err := f.Store.Versions(t.Context(), conn)
	if err != nil || len(all) != 0 {
		t.Errorf("Versions = %v, %v; want none", all, err)
	}
}

func putComesBack(t *testing.T, f Fixture) {
	want := sample("token-1")
	put := mustPut(t, f.Store, want)
	if len(put.ID) != 32 || put.Created.IsZero() || !put.Enabled {
		t.Errorf("Put returned id %q, created %v, enabled %v", put.ID, put.Created, put.Enabled)
	}
	if exp := want.RedeemedAt.Add(vault.TokenLife).Truncate(time.Second); !put.Expires.Equal(exp) {
		t.Errorf("expires %v, want %v", put.Expires, exp)
	}
	want.ID, want.Created, want.Expires, want.Enabled = put.ID, put.Created, put.Expires, true
	current, err := f.Store.Current(t.Context(), want.Connection)
	same(t, "Current", current, want, err)
	at, err := f.Store.At(t.Context(), want.Connection, put.ID)
	same(t, "At", at, want, err)
	want.Token = sam.Secret{}
	all, err := f.Store.Versions(t.Context(), want.Connection)
	if err != nil || len(all) != 1 {
		t.Fatalf("Versions = %d, %v; want one", len(all), err)
	}
	same(t, "Versions", all[0], want, nil)
}

func lastIsCurrent(t *testing.T, f Fixture) {
	var ids []string
	for _, token := range []string{"token-1", "token-2", "token-3", "token-4"} {
		ids = append(ids, mustPut(t, f.Store, sample(token)).ID)
	}
	current, err := f.Store.Current(t.Context(), sample("").Connection)
	if err != nil || current.ID != ids[3] || current.Token.Reveal() != "token-4" {
		t.Errorf("Current = %s, %v; want the last, %s", current.ID, err, ids[3])
	}
	all, err := f.Store.Versions(t.Context(), sample("").Connection)
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, v := range all {
		listed = append(listed, v.ID)
		if !v.Token.Empty() {
			t.Error("a list carries a token")
		}
	}
	slices.Reverse(ids)
	if diff := cmp.Diff(ids, listed); diff != "" {
		t.Errorf("newest first, in one second as well (-want +got):\n%s", diff)
	}
}

func disabledIsPassedOver(t *testing.T, f Fixture) {
	old, newest := mustPut(t, f.Store, sample("token-1")), mustPut(t, f.Store, sample("token-2"))
	for range 2 { // disabling twice is no error
		if err := f.Store.Disable(t.Context(), newest.Connection, newest.ID); err != nil {
			t.Fatal(err)
		}
	}
	current, err := f.Store.Current(t.Context(), old.Connection)
	if err != nil || current.ID != old.ID || current.Token.Reveal() != "token-1" {
		t.Errorf("Current = %s, %v; want %s", current.ID, err, old.ID)
	}
	_, err = f.Store.At(t.Context(), newest.Connection, newest.ID)
	wantProblem(t, err, sam.ClassConfiguration, vault.ErrDisabled)
	all, err := f.Store.Versions(t.Context(), old.Connection)
	if err != nil || len(all) != 2 || all[0].Enabled || !all[1].Enabled || all[0].UPN != sample("").UPN {
		t.Errorf("Versions = %+v, %v; want the newest disabled with its tags kept", all, err)
	}
}

func allDisabled(t *testing.T, f Fixture) {
	v := mustPut(t, f.Store, sample("token-1"))
	if err := f.Store.Disable(t.Context(), v.Connection, v.ID); err != nil {
		t.Fatal(err)
	}
	_, err := f.Store.Current(t.Context(), v.Connection)
	wantProblem(t, err, sam.ClassConfiguration, vault.ErrDisabled)
	if errors.Is(err, vault.ErrAbsent) {
		t.Error("a disabled token passes for an absent one")
	}
}

func longTags(t *testing.T, f Fixture) {
	v := sample("token-1")
	v.UPN = strings.Repeat("ü", 200) + "@partner.example"
	mustPut(t, f.Store, v)
	current, err := f.Store.Current(t.Context(), v.Connection)
	if err != nil || !strings.HasPrefix(v.UPN, current.UPN) || len(current.UPN) < 200 {
		t.Errorf("UPN came back with %d bytes, %v; want the beginning of it", len(current.UPN), err)
	}
}

func emptyToken(t *testing.T, f Fixture) {
	_, err := f.Store.Put(t.Context(), sample(""))
	wantProblem(t, err, sam.ClassConfiguration, nil)
	if all, err := f.Store.Versions(t.Context(), sample("").Connection); err != nil || len(all) != 0 {
		t.Errorf("a version was stored: %v, %v", all, err)
	}
}

func connectionsListed(t *testing.T, f Fixture) {
	first, second := sample("token-1"), sample("token-2")
	second.Connection = sam.NewConnectionID(tenant, another)
	mustPut(t, f.Store, second)
	disabled := mustPut(t, f.Store, first)
	mustPut(t, f.Store, second)
	if err := f.Store.Disable(t.Context(), disabled.Connection, disabled.ID); err != nil {
		t.Fatal(err)
	}
	f.Seed("rt-something-else", sam.NewSecret("not ours"))
	got, err := f.Store.Connections(t.Context())
	if diff := cmp.Diff([]sam.ConnectionID{first.Connection, second.Connection}, got); err != nil || diff != "" {
		t.Errorf("Connections: %v (-want +got):\n%s", err, diff)
	}
}

func stateKeyOnce(t *testing.T, f Fixture) {
	first := currentKey(t, f.Store)
	if raw, err := base64.StdEncoding.DecodeString(first.Reveal()); err != nil || len(raw) != 32 {
		t.Errorf("the key has %d bytes (%v), want 32", len(raw), err)
	}
	if !currentKey(t, f.Another()).Equal(first) {
		t.Error("another process has another key")
	}
}

func stateKeyAgreed(t *testing.T, f Fixture) {
	var wg sync.WaitGroup
	used := make([]sam.Secret, 4)
	for i := range used {
		store := f.Another()
		wg.Go(func() {
			keys, err := store.StateKeys(t.Context(), time.Hour)
			if err != nil {
				t.Error(err)
				return
			}
			used[i] = keys[0]
		})
	}
	wg.Wait()
	first := currentKey(t, f.Store)
	if !currentKey(t, f.Another()).Equal(first) {
		t.Error("two processes disagree after the race")
	}
	keys, err := f.Store.StateKeys(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range used {
		if !slices.ContainsFunc(keys, k.Equal) {
			t.Errorf("the key that process %d sealed with opens nothing any more", i)
		}
	}
}

func currentKey(t *testing.T, s Store) sam.Secret {
	t.Helper()
	keys, err := s.StateKeys(t.Context(), time.Hour)
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	return keys[0]
}

func namedSecret(t *testing.T, f Fixture) {
	f.Seed("app-secret", sam.NewSecret("s3cret"))
	got, err := f.Store.Secret(t.Context(), "app-secret")
	if err != nil || got.Reveal() != "s3cret" {
		t.Errorf("Secret: %v", err)
	}
	_, err = f.Store.Secret(t.Context(), "no-such-secret")
	wantProblem(t, err, sam.ClassConfiguration, vault.ErrAbsent)
}

func preflightPasses(t *testing.T, f Fixture) {
	for range 3 {
		if err := f.Store.Preflight(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := f.Store.Connections(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Connections = %v, %v; want none", got, err)
	}
}

func cancelled(t *testing.T, f Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Store.Current(ctx, sample("").Connection)
	wantProblem(t, err, sam.ClassRetry, context.Canceled)
	_, err = f.Store.Put(ctx, sample("token-1"))
	wantProblem(t, err, sam.ClassRetry, context.Canceled)
}

func mustPut(t *testing.T, s Store, v vault.Version) vault.Version {
	t.Helper()
	put, err := s.Put(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return put
}

func same(t *testing.T, what string, got, want vault.Version, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	secrets := cmp.Comparer(func(a, b sam.Secret) bool { return a.Equal(b) })
	if diff := cmp.Diff(want, got, secrets); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantProblem checks class and sentinel of a failure.
func wantProblem(t *testing.T, err error, class sam.Class, is error) {
	t.Helper()
	p := sam.AsProblem(err)
	if p == nil {
		t.Fatalf("error %v is no problem", err)
	}
	if p.Class != class || p.Plain == "" {
		t.Errorf("%v: class %q, plain %q; want class %q", err, p.Class, p.Plain, class)
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("%v does not wrap %v", err, is)
	}
}
