package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// azidentity reads the two variables itself and gets tokens for all three
// resources the program needs.
func TestAzidentity(t *testing.T) {
	cloud := simtest.Start(t, simtest.Options{})
	for name, value := range cloud.Env() {
		if strings.HasPrefix(name, "IDENTITY_") {
			t.Setenv(name, value)
		}
	}
	credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
		ID:            azidentity.ClientID(world.IdentityClientID),
	})
	if err != nil {
		t.Fatal(err)
	}
	v1, v2 := "https://sts.windows.net/"+world.PartnerTenantID+"/", "https://login.microsoftonline.com/"+world.PartnerTenantID+"/v2.0"
	for scope, issuer := range map[string]string{
		"https://vault.azure.net/.default":      v1,
		"https://storage.azure.com/.default":    v1,
		"api://AzureADTokenExchange/.default":   v2,
		"https://management.azure.com/.default": v1,
	} {
		token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		c := claims(t, token.Token)
		if c["iss"] != issuer || c["aud"] != strings.TrimSuffix(scope, "/.default") || c["sub"] != world.IdentityPrincipal {
			t.Errorf("%s: iss %v, aud %v, sub %v", scope, c["iss"], c["aud"], c["sub"])
		}
		if left := time.Until(token.ExpiresOn); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("%s: expires in %s", scope, left)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{})
	good := url.Values{"api-version": {"2019-08-01"}, "resource": {"https://vault.azure.net"}, "client_id": {world.IdentityClientID}}
	for name, row := range map[string]struct {
		change [2]string
		header string
		status int
	}{
		"good":                 {header: cloud.IdentityHeader, status: 200},
		"by principal":         {change: [2]string{"principal_id", world.IdentityPrincipal}, header: cloud.IdentityHeader, status: 200},
		"by object":            {change: [2]string{"object_id", world.IdentityPrincipal}, header: cloud.IdentityHeader, status: 200},
		"wrong header":         {header: "guess", status: 401},
		"no header":            {status: 401},
		"other version":        {change: [2]string{"api-version", "2017-09-01"}, header: cloud.IdentityHeader, status: 400},
		"system-assigned":      {change: [2]string{"client_id", ""}, header: cloud.IdentityHeader, status: 400},
		"other identity":       {change: [2]string{"client_id", world.AppID}, header: cloud.IdentityHeader, status: 400},
		"unknown resource":     {change: [2]string{"resource", "https://nowhere.example"}, header: cloud.IdentityHeader, status: 400},
		"resource as a scope":  {change: [2]string{"resource", "https://vault.azure.net/.default"}, header: cloud.IdentityHeader, status: 200},
		"another cloud's name": {change: [2]string{"resource", "api://AzureADTokenExchangeUSGov"}, header: cloud.IdentityHeader, status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query := url.Values{}
			for k, v := range good {
				query[k] = v
			}
			if row.change[0] != "" {
				query.Set(row.change[0], row.change[1])
				if strings.HasSuffix(row.change[0], "_id") && row.change[0] != "client_id" {
					query.Del("client_id")
				}
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cloud.IdentityURL+"?"+query.Encode(), nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-IDENTITY-HEADER", row.header)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var body map[string]any
			if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != row.status {
				t.Errorf("%d, want %d: %v", res.StatusCode, row.status, body["message"])
			}
			if row.status != http.StatusOK {
				return
			}
			if on, ok := body["expires_on"].(string); !ok {
				t.Errorf("expires_on = %v, want a string", body["expires_on"])
			} else if _, err := strconv.ParseInt(on, 10, 64); err != nil {
				t.Error(err)
			}
		})
	}
}
