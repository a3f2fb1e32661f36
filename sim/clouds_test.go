package sim_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// What the three clouds say of themselves, written down a second time: the
// program's table and the simulator's must not share one mistake. Sources:
// Microsoft's pages on national clouds, as of November 2026.
var nationalClouds = map[string]struct{ issuer, sts, graph, arm, partnerCenter, federation string }{
	"public": {"https://login.microsoftonline.com", "https://sts.windows.net", "https://graph.microsoft.com", "https://management.azure.com", "https://api.partnercenter.microsoft.com", "api://AzureADTokenExchange"},
	"usgov":  {"https://login.microsoftonline.us", "https://sts.windows.net", "https://graph.microsoft.us", "https://management.usgovcloudapi.net", "https://api.partnercenter.microsoft.com", "api://AzureADTokenExchangeUSGov"},
	"china":  {"https://login.partner.microsoftonline.cn", "https://sts.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://management.chinacloudapi.cn", "https://partner.partnercenterapi.microsoftonline.cn", "api://AzureADTokenExchangeChina"},
}

// answered does a request and returns status and body.
func answered(t *testing.T, cloud *simtest.Sim, req *http.Request, err error) (int, map[string]any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	client := cloud.HTTPClient()
	defer client.CloseIdleConnections()
	res, err := client.Do(req.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	_ = json.Unmarshal(raw, &body) // some refusals have no body
	return res.StatusCode, body
}

// tokenFor redeems a fresh refresh token at a tenant for a resource; "" when
// that is refused.
func tokenFor(t *testing.T, cloud *simtest.Sim, tenant, resource string) string {
	t.Helper()
	form := url.Values{
		"client_id": {world.AppID}, "client_secret": {cloud.World.AppSecret()}, "grant_type": {"refresh_token"},
		"refresh_token": {cloud.MintRefreshToken(t, simtest.Mint{})}, "scope": {resource + "/.default"},
	}
	req, err := http.NewRequest(http.MethodPost, cloud.LoginURL+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	_, body := answered(t, cloud, req, err)
	token, _ := body["access_token"].(string)
	return token
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%.20q… is no signed token", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestEachCloudSpeaksForItself: issuers, audiences and the audience of
// federated credentials are the cloud's, and nobody else's resources are known.
func TestEachCloudSpeaksForItself(t *testing.T) {
	t.Parallel()
	for name, want := range nationalClouds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := simtest.Start(t, simtest.Options{Cloud: name, Customers: 1, Shares: simtest.Healthy()})
			req, err := http.NewRequest(http.MethodGet, cloud.LoginURL+"/"+world.PartnerTenantID+"/v2.0/.well-known/openid-configuration", nil)
			if _, document := answered(t, cloud, req, err); document["issuer"] != want.issuer+"/"+world.PartnerTenantID+"/v2.0" {
				t.Errorf("issuer %v", document["issuer"])
			}
			for _, resource := range []string{want.graph, want.arm, want.partnerCenter} {
				claims := claimsOf(t, tokenFor(t, cloud, world.PartnerTenantID, resource))
				issuer, _ := claims["iss"].(string)
				if audience, _ := claims["aud"].(string); audience != resource && audience != resource+"/" || !strings.HasPrefix(issuer, want.sts+"/") && !strings.HasPrefix(issuer, want.issuer+"/") {
					t.Errorf("token for %s: audience %v, issuer %s", resource, claims["aud"], issuer)
				}
			}
			for other, theirs := range nationalClouds {
				if other == name {
					continue
				}
				if tokenFor(t, cloud, world.PartnerTenantID, theirs.graph) != "" {
					t.Errorf("a token for Graph of %s was given out", other)
				}
			}
		})
	}
}

// TestTokensStayInTheirCloud: a token of one cloud opens nothing in another,
// though one process signs both; nor does an assertion for another federation.
func TestTokensStayInTheirCloud(t *testing.T) {
	t.Parallel()
	clouds := map[string]*simtest.Sim{}
	for name := range nationalClouds {
		clouds[name] = simtest.Start(t, simtest.Options{Cloud: name, Customers: 1, Shares: simtest.Healthy()})
	}
	for from, cloud := range clouds {
		token := tokenFor(t, cloud, world.PartnerTenantID, nationalClouds[from].graph)
		assertion := identityToken(t, cloud, nationalClouds[from].federation)
		for to, target := range clouds {
			req, err := http.NewRequest(http.MethodGet, target.GraphURL+"/v1.0/organization", nil)
			if err == nil {
				req.Header.Set("Authorization", "Bearer "+token)
			}
			if status, _ := answered(t, target, req, err); (status == http.StatusOK) != (from == to) {
				t.Errorf("a Graph token of %s was answered %d in %s", from, status, to)
			}
			if (identityToken(t, target, nationalClouds[from].federation) != "") != (from == to) {
				t.Errorf("the identity of %s deals with the federation audience of %s", to, from)
			}
			if accepted := proves(t, target, assertion); accepted != (from == to) {
				t.Errorf("an assertion of %s was accepted in %s: %v", from, to, accepted)
			}
		}
	}
}

// identityToken asks the managed identity for a token; "" when refused.
func identityToken(t *testing.T, cloud *simtest.Sim, resource string) string {
	t.Helper()
	query := url.Values{"resource": {resource}, "api-version": {"2019-08-01"}, "client_id": {world.IdentityClientID}}
	req, err := http.NewRequest(http.MethodGet, cloud.IdentityURL+"?"+query.Encode(), nil)
	if err == nil {
		req.Header.Set("X-IDENTITY-HEADER", cloud.IdentityHeader)
	}
	_, body := answered(t, cloud, req, err)
	token, _ := body["access_token"].(string)
	return token
}

// proves tells whether the assertion proves the app at the token endpoint.
func proves(t *testing.T, cloud *simtest.Sim, assertion string) bool {
	t.Helper()
	form := url.Values{
		"client_id": {world.AppID}, "grant_type": {"refresh_token"}, "refresh_token": {cloud.MintRefreshToken(t, simtest.Mint{})},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
		"scope": {nationalClouds[cloud.World.Cloud().Name].graph + "/.default"},
	}
	req, err := http.NewRequest(http.MethodPost, cloud.LoginURL+"/"+world.PartnerTenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	status, _ := answered(t, cloud, req, err)
	return status == http.StatusOK
}
