package vault

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// preflightEvery bounds how often the proof writes a version.
const preflightEvery = time.Hour

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
