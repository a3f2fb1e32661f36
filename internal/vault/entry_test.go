package vault_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

func TestEntries(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	v := vault.New(clientOf(t, sim), sim.World.Now)
	if _, err := v.Entry(t.Context(), "app-certificate"); !errors.Is(err, vault.ErrAbsent) {
		t.Fatalf("nothing stored: %v", err)
	}
	ends := time.Date(2027, 11, 21, 0, 0, 0, 0, time.UTC)
	given := vault.Entry{
		Name: "app-certificate", Value: sam.NewSecret("one"), ContentType: "application/x-pem-file",
		Tags: map[string]string{"key": "k"}, Expires: ends,
	}
	first, err := v.PutEntry(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Entry(t.Context(), "app-certificate")
	if err != nil || got.ID != first.ID || got.Value.Reveal() != "one" || got.ContentType != given.ContentType ||
		!maps.Equal(got.Tags, given.Tags) || !got.Expires.Equal(ends) || got.Created.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	given.Value, given.Expires = sam.NewSecret("two"), time.Time{}
	second, err := v.PutEntry(t.Context(), given)
	if err != nil || !second.Expires.IsZero() {
		t.Fatalf("%v, %v: no end was given", second.Expires, err)
	}
	if err := v.RetireEntries(t.Context(), "app-certificate", second.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Entry(t.Context(), "app-certificate"); err != nil || got.Value.Reveal() != "two" {
		t.Errorf("the kept version: %v", err)
	}
	if _, err := clientOf(t, sim).GetSecret(t.Context(), "app-certificate", first.ID, nil); err == nil || !strings.Contains(err.Error(), "SecretDisabled") {
		t.Errorf("the older version: %v", err)
	}
	for range 2 { // again is no error
		if err := v.DisableEntry(t.Context(), "app-certificate", second.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Entry(t.Context(), "app-certificate"); !errors.Is(err, vault.ErrDisabled) {
		t.Errorf("switched off: %v", err)
	}
}

func keysOf(t *testing.T, sim *simtest.Sim) *vault.Keys {
	t.Helper()
	client, err := azkeys.NewClient(sim.VaultURL, identity{sim}, &azkeys.ClientOptions{
		ClientOptions:                        azcore.ClientOptions{Transport: sim.HTTPClient(), Retry: policy.RetryOptions{MaxRetries: -1}},
		DisableChallengeResourceVerification: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return vault.NewKeys(client)
}

func TestKeysSign(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, simulated(t))
	key, err := keys.Create(t.Context(), "app-certificate")
	if err != nil || key.Name != "app-certificate" || len(key.Version) != 32 || key.Public.N.BitLen() != 2048 {
		t.Fatalf("%+v, %v", key, err)
	}
	newer, err := keys.Create(t.Context(), "app-certificate")
	if err != nil || newer.Version == key.Version || newer.Public.Equal(key.Public) {
		t.Fatalf("%+v, %v", newer, err)
	}
	digest := sha256.Sum256([]byte("to be signed"))
	pss, err := keys.Sign(t.Context(), key.Name, key.Version, digest[:], true)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPSS(key.Public, crypto.SHA256, digest[:], pss, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}); err != nil {
		t.Errorf("PS256: %v", err)
	}
	pkcs1, err := keys.Sign(t.Context(), key.Name, key.Version, digest[:], false)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(key.Public, crypto.SHA256, digest[:], pkcs1); err != nil {
		t.Errorf("RS256: %v", err)
	}
}

func TestKeysRefuse(t *testing.T) {
	t.Parallel()
	sim := simulated(t)
	keys := keysOf(t, sim)
	if _, err := keys.Sign(t.Context(), "none", strings.Repeat("0", 32), make([]byte, 32), true); !errors.Is(err, vault.ErrAbsent) {
		t.Errorf("no such key: %v", err)
	}
	sim.Vault.SetKeyRole(keyvault.Reader) // may sign, may not make
	_, err := keys.Create(t.Context(), "k")
	if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassConfiguration || !strings.Contains(p.Fix, "Key Vault Crypto Officer") {
		t.Errorf("without the role: %v", err)
	}
}
