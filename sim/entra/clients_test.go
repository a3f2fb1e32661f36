package entra_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// MSAL's confidential client takes the code and all it expects is there.
func TestMSALRedeemsACode(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	credential, err := confidential.NewCredFromSecret(c.World.AppSecret())
	if err != nil {
		t.Fatal(err)
	}
	client, err := confidential.New(c.LoginURL+"/"+world.PartnerTenantID, world.AppID, credential,
		confidential.WithHTTPClient(c.client), confidential.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	scopes := []string{"https://api.partnercenter.microsoft.com/.default"}
	link, err := client.AuthCodeURL(t.Context(), world.AppID, redirect, scopes)
	if err != nil {
		t.Fatal(err)
	}
	callback := c.SignIn(t, link, simtest.Person{})
	result, err := client.AcquireTokenByAuthCode(t.Context(), callback.Form.Get("code"), redirect, scopes)
	if err != nil {
		t.Fatal(err)
	}
	if result.Account.PreferredUsername != world.IntegrationUPN || result.Account.HomeAccountID != world.IntegrationUserID+"."+world.PartnerTenantID {
		t.Errorf("account = %+v", result.Account)
	}
	silent, err := client.AcquireTokenSilent(t.Context(), []string{graph}, confidential.WithSilentAccount(result.Account))
	if err != nil {
		t.Fatalf("another resource by the refresh token: %v", err)
	}
	if silent.AccessToken == result.AccessToken {
		t.Error("the same token for another resource")
	}
}

func TestMSALSignsWithACertificate(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	key, cert := certificate(t, time.Now().Add(time.Hour))
	c.World.Change(func(p *world.Partner) { p.App.Certificates = []world.AppCertificate{{Certificate: cert}} })
	credential, err := confidential.NewCredFromCert([]*x509.Certificate{cert}, key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := confidential.New(c.LoginURL+"/"+world.PartnerTenantID, world.AppID, credential,
		confidential.WithHTTPClient(c.client), confidential.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AcquireTokenByCredential(t.Context(), []string{graph}); err != nil {
		t.Error(err)
	}
}

func TestAzidentityClientSecret(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	credential, err := azidentity.NewClientSecretCredential(world.PartnerTenantID, world.AppID, c.World.AppSecret(), &azidentity.ClientSecretCredentialOptions{
		ClientOptions:            azcore.ClientOptions{Cloud: azcloud.Configuration{ActiveDirectoryAuthorityHost: c.LoginURL}, Transport: c.client},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(token.ExpiresOn); left < 50*time.Minute || left > 2*time.Hour {
		t.Errorf("expires in %s", left)
	}
}

// The id_token passes go-oidc's verification with the issuer of the tenant,
// before and after the signing key was rotated.
func TestGoOIDCVerifiesTheIDToken(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	ctx := oidc.ClientContext(t.Context(), c.client)
	issuer := "https://login.microsoftonline.com/" + world.PartnerTenantID + "/v2.0"
	keys := oidc.NewRemoteKeySet(ctx, c.LoginURL+"/"+world.PartnerTenantID+"/discovery/v2.0/keys")
	check := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: world.AppID})
	for range 2 {
		callback := c.SignIn(t, c.authorizeURL(world.PartnerTenantID, values(asking(), "response_type", "code id_token")), simtest.Person{})
		fromPage, err := check.Verify(ctx, callback.Form.Get("id_token"))
		if err != nil {
			t.Fatal(err)
		}
		if fromPage.Nonce != "the-nonce" || claimsOf(t, callback.Form.Get("id_token"))["c_hash"] == nil {
			t.Errorf("nonce %q, or no c_hash", fromPage.Nonce)
		}
		r := c.post(t, v2(world.PartnerTenantID), c.exchanging(callback.Form.Get("code")))
		token, err := check.Verify(ctx, r.string("id_token"))
		if err != nil {
			t.Fatal(err)
		}
		claims := claimsOf(t, r.string("id_token"))
		if token.Nonce != "the-nonce" || claims["oid"] != world.IntegrationUserID || claims["amr"] != nil {
			t.Errorf("claims = %v", claims)
		}
		if err := c.Keys.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
}

// golang.org/x/oauth2 makes the PKCE pair the way the real program does.
func TestOAuth2PKCE(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	config := oauth2.Config{
		ClientID: world.AppID, ClientSecret: c.World.AppSecret(), RedirectURL: redirect,
		Scopes: strings.Fields(pcScope),
		Endpoint: oauth2.Endpoint{
			AuthURL:   c.LoginURL + "/" + world.PartnerTenantID + "/oauth2/v2.0/authorize",
			TokenURL:  c.LoginURL + "/" + v2(world.PartnerTenantID),
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	secret := oauth2.GenerateVerifier()
	callback := c.SignIn(t, config.AuthCodeURL("s", oauth2.S256ChallengeOption(secret)), simtest.Person{})
	if callback.Method != http.MethodGet || callback.URL.Query().Get("state") != "s" {
		t.Errorf("callback = %s %s", callback.Method, callback.URL)
	}
	ctx := oidc.ClientContext(t.Context(), c.client)
	if _, err := config.Exchange(ctx, callback.Form.Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
		t.Error("another verifier was accepted")
	}
	token, err := config.Exchange(ctx, callback.Form.Get("code"), oauth2.VerifierOption(secret))
	if err != nil || token.RefreshToken == "" {
		t.Errorf("exchange: %v", err)
	}
}

func TestPlainChallengeIsTheDefault(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	q := values(asking(), "code_challenge", verifier, "code_challenge_method", "")
	code := c.SignIn(t, c.authorizeURL(world.PartnerTenantID, q), simtest.Person{}).Form.Get("code")
	if r := c.post(t, v2(world.PartnerTenantID), c.exchanging(code)); r.status != http.StatusOK {
		t.Error(r.text)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	customer := c.World.Customers()[0]
	for path, issuer := range map[string]string{
		"common/v2.0/":                          "https://login.microsoftonline.com/{tenantid}/v2.0",
		"organizations/v2.0/":                   "https://login.microsoftonline.com/{tenantid}/v2.0",
		"common/":                               "https://sts.windows.net/{tenantid}/",
		world.PartnerTenantID + "/v2.0/":        "https://login.microsoftonline.com/" + world.PartnerTenantID + "/v2.0",
		customer.Domain + "/v2.0/":              "https://login.microsoftonline.com/" + customer.TenantID + "/v2.0",
		customer.TenantID + "/":                 "https://sts.windows.net/" + customer.TenantID + "/",
		"99999999-9999-4999-8999-999999999999/": "",
	} {
		r := c.get(t, path+".well-known/openid-configuration")
		if r.string("issuer") != issuer {
			t.Errorf("%s: issuer %q, want %q", path, r.string("issuer"), issuer)
		}
		if issuer == "" {
			continue
		}
		u, err := url.Parse(r.string("jwks_uri"))
		if err != nil || !strings.HasPrefix(r.string("jwks_uri"), c.LoginURL) {
			t.Errorf("%s: jwks_uri %q", path, r.string("jwks_uri"))
			continue
		}
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		if err := json.Unmarshal([]byte(c.get(t, strings.TrimPrefix(u.Path, "/")).text), &set); err != nil || len(set.Keys) != 1 || set.Keys[0]["issuer"] != issuer {
			t.Errorf("%s: keys %v, %v", path, set.Keys, err)
		}
	}
}
