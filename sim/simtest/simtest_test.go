package simtest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// The whole way with the clients the real program uses: managed identity,
// vault, sign-in pages, code redemption.
func TestFromSignInToVault(t *testing.T) {
	cloud := simtest.Start(t, simtest.Options{Customers: 3, Seed: 1})
	t.Setenv("IDENTITY_ENDPOINT", cloud.IdentityURL)
	t.Setenv("IDENTITY_HEADER", cloud.IdentityHeader)
	transport := azcore.ClientOptions{Transport: cloud.HTTPClient(), Retry: policy.RetryOptions{MaxRetries: -1}}
	identity, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: transport, ID: azidentity.ClientID(world.IdentityClientID),
	})
	if err != nil {
		t.Fatal(err)
	}
	vault, err := azsecrets.NewClient(cloud.VaultURL, identity, &azsecrets.ClientOptions{
		ClientOptions: transport, DisableChallengeResourceVerification: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := vault.GetSecret(t.Context(), world.AppSecretName, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if *secret.Value != cloud.World.AppSecret() {
		t.Error("the vault holds another client secret than the app registration")
	}

	redirect := "http://localhost:7071/api/consent/callback"
	callback := cloud.SignIn(t, cloud.LoginURL+"/"+world.PartnerTenantID+"/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {world.AppID}, "response_type": {"code"}, "response_mode": {"form_post"}, "state": {"s"},
		"redirect_uri": {redirect}, "scope": {"https://api.partnercenter.microsoft.com/.default openid profile offline_access"},
	}.Encode(), simtest.Person{})
	if callback.Method != http.MethodPost || callback.Form.Get("state") != "s" {
		t.Fatalf("callback = %s %v", callback.Method, callback.Form)
	}
	res, err := cloud.HTTPClient().PostForm(cloud.LoginURL+"/"+world.PartnerTenantID+"/oauth2/v2.0/token", url.Values{
		"client_id": {world.AppID}, "client_secret": {*secret.Value}, "grant_type": {"authorization_code"},
		"code": {callback.Form.Get("code")}, "redirect_uri": {redirect},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var tokens struct {
		Refresh string `json:"refresh_token"`
		Scope   string `json:"scope"`
	}
	if err := json.NewDecoder(res.Body).Decode(&tokens); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || len(tokens.Refresh) < 1000 || !strings.Contains(tokens.Scope, "user_impersonation") {
		t.Errorf("status %d, %d characters of refresh token, scope %q", res.StatusCode, len(tokens.Refresh), tokens.Scope)
	}
}
