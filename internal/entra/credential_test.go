package entra_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// managedIdentity answers every token request the same way.
type managedIdentity struct {
	err   error
	asked []string
}

func (m *managedIdentity) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	m.asked = append(m.asked, o.Scopes...)
	return azcore.AccessToken{Token: "assertion-1"}, m.err
}

func TestFederatedCredential(t *testing.T) {
	t.Parallel()
	mi, form := &managedIdentity{}, url.Values{}
	if err := entra.FederatedCredential(mi, "api://AzureADTokenExchange").Apply(t.Context(), customer, form); err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {"assertion-1"},
	}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"api://AzureADTokenExchange/.default"}, mi.asked); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

func TestFederatedCredentialFailures(t *testing.T) {
	t.Parallel()
	refusedWith := func(status int) error {
		return &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: status, Body: http.NoBody}}
	}
	for name, c := range map[string]struct {
		err   error
		class sam.Class
	}{
		"not assigned to the app": {refusedWith(400), sam.ClassCredential},
		"forbidden":               {refusedWith(403), sam.ClassCredential},
		"outage":                  {refusedWith(500), sam.ClassRetry},
		"network":                 {errors.New("connection refused"), sam.ClassRetry},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLogin(t, always(200, fullAnswer))
			_, err := l.client(entra.FederatedCredential(&managedIdentity{err: c.err}, "api://x")).Redeem(t.Context(), refresh(customer))
			if p := sam.AsProblem(err); p == nil || p.Class != c.class || !errors.Is(err, c.err) || l.requests() != 0 {
				t.Errorf("%v, want class %s and no request", err, c.class)
			}
		})
	}
}

func TestSecretIsKeptForTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		credential := entra.SecretCredential(func(context.Context) (sam.Secret, error) {
			reads++
			return sam.NewSecret("s"), nil
		})
		for _, c := range []struct {
			pause time.Duration
			reads int
		}{{0, 1}, {9 * time.Minute, 1}, {2 * time.Minute, 2}, {time.Minute, 2}} {
			<-time.After(c.pause)
			form := url.Values{}
			if err := credential.Apply(t.Context(), customer, form); err != nil || form.Get("client_secret") != "s" || reads != c.reads {
				t.Errorf("after %v: %v, %d reads, want %d", c.pause, err, reads, c.reads)
			}
		}
	})
}
