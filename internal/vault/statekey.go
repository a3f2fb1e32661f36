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
	// clockSkew is how far the vault's clock may be from ours.
	clockSkew = time.Minute
	// maxStateKeys bounds how many keys are read at once.
	maxStateKeys = 4
)

// StateKeys returns the keys that seal consent cookies, the current one first:
// the newest enabled version of the secret "state-key", and after it each older
// enabled one that was replaced no longer than overlap ago, so that cookies
// sealed just before a change can still be opened. Never empty without an
// error; the first call ever makes a key (32 random bytes in standard base64).
func (v *Vault) StateKeys(ctx context.Context, overlap time.Duration) ([]sam.Secret, error) {
	versions, err := v.stateKeyVersions(ctx)
	if err == nil && len(versions) == 0 {
		if err = v.makeStateKey(ctx); err == nil {
			versions, err = v.stateKeyVersions(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, &sam.Problem{
			Op: "read the state key", Class: sam.ClassRetry, Code: "StateKeyNotVisible",
			Plain: "The key that was just made is not visible in the vault yet.", Fix: "Nothing; start again in a minute.",
		}
	}
	var keys []sam.Secret
	for _, id := range inUse(versions, v.now(), overlap) {
		got, err := v.client.GetSecret(ctx, stateKeyName, id, nil)
		if err != nil {
			return nil, named(problem("read the state key", "", err), stateKeyName)
		}
		keys = append(keys, sam.NewSecret(*cmp.Or(got.Value, to.Ptr(""))))
	}
	return keys, nil
}

// inUse picks, of versions ordered newest first, the ids of those whose cookies
// count: the newest, and each one whose successor is at most overlap old. Pure.
func inUse(versions []Version, now time.Time, overlap time.Duration) []string {
	var ids []string
	for i, ver := range versions {
		if i > 0 && now.Sub(versions[i-1].Created) > overlap+clockSkew || i == maxStateKeys {
			break
		}
		ids = append(ids, ver.ID)
	}
	return ids
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

// stateKeyVersions lists the enabled versions, newest first, in an order that
// all processes agree on. No version is no error.
func (v *Vault) stateKeyVersions(ctx context.Context) ([]Version, error) {
	var enabled []Version
	pages := v.client.NewListSecretPropertiesVersionsPager(stateKeyName, nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			if p := problem("list the state keys", "", err); !isAbsent(p) {
				return nil, p
			}
			return nil, nil
		}
		for _, s := range page.Value {
			if ver := describe("", s.ID, s.Attributes, s.Tags); ver.Enabled {
				enabled = append(enabled, ver)
			}
		}
	}
	slices.SortFunc(enabled, func(a, b Version) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	return enabled, nil
}
