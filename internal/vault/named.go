package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	// stateKeyBytes is the size of the key before base64.
	stateKeyBytes = 32
	// preflightEvery bounds how often the proof writes a version.
	preflightEvery = time.Hour
)

// Secret reads a secret by name, such as the app's client secret.
func (v *Vault) Secret(ctx context.Context, name string) (sam.Secret, error) {
	got, err := v.client.GetSecret(ctx, name, "", nil)
	if err != nil {
		return sam.Secret{}, named(problem("read secret "+name, "", err), name)
	}
	if got.Value == nil {
		return sam.Secret{}, nil
	}
	return sam.NewSecret(*got.Value), nil
}

// StateKey returns the key that seals consent cookies: 32 random bytes in
// standard base64. The first call ever makes it.
func (v *Vault) StateKey(ctx context.Context) (sam.Secret, error) {
	id, err := v.oldestStateKey(ctx)
	if err != nil {
		return sam.Secret{}, err
	}
	if id == "" {
		if err := v.makeStateKey(ctx); err != nil {
			return sam.Secret{}, err
		}
		if id, err = v.oldestStateKey(ctx); err != nil {
			return sam.Secret{}, err
		}
	}
	got, err := v.client.GetSecret(ctx, stateKeyName, id, nil)
	if err != nil {
		return sam.Secret{}, named(problem("read the state key", "", err), stateKeyName)
	}
	return sam.NewSecret(*cmp.Or(got.Value, to.Ptr(""))), nil
}

func (v *Vault) makeStateKey(ctx context.Context) error {
	key := make([]byte, stateKeyBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand, Go 1.24)
	_, err := v.client.SetSecret(ctx, stateKeyName, azsecrets.SetSecretParameters{
		Value:       to.Ptr(base64.StdEncoding.EncodeToString(key)),
		ContentType: to.Ptr("application/octet-stream;base64"),
	}, nil)
	if err != nil {
		return named(problem("make the state key", "", err), stateKeyName)
	}
	return nil
}

// oldestStateKey is the id of the winner, "" when there is no enabled version.
func (v *Vault) oldestStateKey(ctx context.Context) (string, error) {
	var enabled []Version
	pages := v.client.NewListSecretPropertiesVersionsPager(stateKeyName, nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			if p := problem("list the state keys", "", err); !isAbsent(p) {
				return "", p
			}
			return "", nil
		}
		for _, s := range page.Value {
			if ver := describe("", s.ID, s.Attributes, s.Tags); ver.Enabled {
				enabled = append(enabled, ver)
			}
		}
	}
	if len(enabled) == 0 {
		return "", nil
	}
	return slices.MinFunc(enabled, func(a, b Version) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	}).ID, nil
}

// Preflight proves that the vault can be written and read, so that a sign-in
// does not end with a token that cannot be stored. It writes a version of the
// secret "preflight" (random text that opens nothing), at most once an hour per process;
// in between a success is remembered.
func (v *Vault) Preflight(ctx context.Context) error {
	now := v.now()
	if v.provedSince(now.Add(-preflightEvery)) {
		return nil
	}
	put, err := v.client.SetSecret(ctx, preflightName, azsecrets.SetSecretParameters{
		Value: to.Ptr(rand.Text()), ContentType: to.Ptr("text/plain"),
	}, nil)
	if err != nil {
		return named(problem("prove that the vault can be written", "", err), preflightName)
	}
	id := ""
	if put.ID != nil {
		id = put.ID.Version()
	}
	if _, err := v.client.GetSecret(ctx, preflightName, id, nil); err != nil {
		return named(problem("prove that the vault can be read", "", err), preflightName)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.provedAt = now
	return nil
}

func (v *Vault) provedSince(t time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.provedAt.After(t)
}
