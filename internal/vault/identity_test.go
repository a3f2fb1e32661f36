package vault_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// noToken is a managed identity that gives no token.
type noToken struct{ err error }

func (n noToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, n.err
}

func TestIdentityWithoutAToken(t *testing.T) {
	t.Parallel()
	refusedWith := func(status int) error {
		return &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: status, Body: http.NoBody}}
	}
	for name, c := range map[string]struct {
		err   error
		class sam.Class
	}{
		"not assigned": {refusedWith(http.StatusBadRequest), sam.ClassConfiguration},
		"outage":       {refusedWith(http.StatusServiceUnavailable), sam.ClassRetry},
		"network":      {errors.New("connection refused"), sam.ClassRetry},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := azsecrets.NewClient("https://v.vault.azure.net", noToken{c.err}, &azsecrets.ClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: answering{http.StatusOK, "{}"}, Retry: policy.RetryOptions{MaxRetries: -1}},
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = vault.New(client, nil).Current(t.Context(), conn)
			if p := sam.AsProblem(err); p == nil || p.Class != c.class || p.Tenant != conn.Tenant() || !errors.Is(err, c.err) {
				t.Errorf("%v, want class %s", err, c.class)
			}
		})
	}
}
