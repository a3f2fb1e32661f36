package vault_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

func role(r keyvault.Role) func(*testing.T, *simtest.Sim) {
	return func(_ *testing.T, s *simtest.Sim) { s.Vault.SetRole(r) }
}

func dial(f faults.Fault) func(*testing.T, *simtest.Sim) {
	return func(t *testing.T, s *simtest.Sim) {
		t.Helper()
		s.Fault(t, f)
	}
}

// disableOldest switches the oldest enabled version of a secret off, as an
// operator would.
func disableOldest(t *testing.T, client *azsecrets.Client, name string) {
	t.Helper()
	var oldest *azsecrets.SecretProperties
	for pages := client.NewListSecretPropertiesVersionsPager(name, nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Value {
			if *s.Attributes.Enabled && (oldest == nil || s.Attributes.Created.Before(*oldest.Attributes.Created)) {
				oldest = s
			}
		}
	}
	_, err := client.UpdateSecretProperties(t.Context(), name, oldest.ID.Version(), azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}
