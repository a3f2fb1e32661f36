package entra_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

func TestNumbersInV2StringsInV1(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	token := c.MintRefreshToken(t, simtest.Mint{})
	two := c.post(t, v2(world.PartnerTenantID), c.redeeming(token))
	if n, ok := two.raw["expires_in"].(float64); !ok || n < 3599 || n > 5399 {
		t.Errorf("v2 expires_in = %v", two.raw["expires_in"])
	}
	if two.header.Get("Cache-Control") != "no-store, no-cache" || two.header.Get("Pragma") != "no-cache" {
		t.Errorf("headers = %v", two.header)
	}
	form := values(c.redeeming(token), "scope", "openid", "resource", "https://management.azure.com/")
	one := c.post(t, world.PartnerTenantID+"/oauth2/token", form)
	for _, name := range []string{"expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "refresh_token", "id_token"} {
		if one.string(name) == "" {
			t.Errorf("v1 %s = %v, want a string", name, one.raw[name])
		}
	}
	if one.string("scope") != "user_impersonation" {
		t.Errorf("v1 scope = %q", one.string("scope"))
	}
	if aud := claimsOf(t, one.string("access_token"))["aud"]; aud != "https://management.azure.com/" {
		t.Errorf("v1 aud = %v, the slash asked for is kept", aud)
	}
	if v := claimsOf(t, one.string("id_token"))["ver"]; v != "1.0" {
		t.Errorf("v1 id_token ver = %v", v)
	}
}

func TestAudienceKeepsTheSlashAskedFor(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	token := c.MintRefreshToken(t, simtest.Mint{})
	for scope, want := range map[string]string{
		"https://management.azure.com/.default":         "https://management.azure.com",
		"https://management.azure.com//.default":        "https://management.azure.com/",
		"https://management.core.windows.net//.default": "https://management.core.windows.net/",
		"User.Read": "https://graph.microsoft.com",
		"00000003-0000-0000-c000-000000000000/.default":         "00000003-0000-0000-c000-000000000000",
		"https://graph.microsoft.com/.default openid profile":   "https://graph.microsoft.com",
		"https://api.partnercenter.microsoft.com/.default":      "https://api.partnercenter.microsoft.com",
		"offline_access https://vault.azure.net/.default":       "https://vault.azure.net",
		"https://graph.microsoft.com/Directory.Read.All openid": "https://graph.microsoft.com",
	} {
		r := c.post(t, v2(world.PartnerTenantID), values(c.redeeming(token), "scope", scope))
		if r.status != http.StatusOK {
			t.Errorf("%s: %s", scope, r.text)
			continue
		}
		if aud := claimsOf(t, r.string("access_token"))["aud"]; aud != want {
			t.Errorf("%s: aud = %v, want %s", scope, aud, want)
		}
		if openid := strings.Contains(scope, "openid"); openid != (r.string("id_token") != "") {
			t.Errorf("%s: id_token there: %v", scope, r.string("id_token") != "")
		}
	}
}

// One refresh token serves every customer and every resource, renews itself,
// and stays good after it was renewed.
func TestRefreshTokenServesAllTenantsAndLives(t *testing.T) {
	t.Parallel()
	c := start(t, 3)
	first := c.MintRefreshToken(t, simtest.Mint{})
	for _, customer := range c.World.Customers() {
		r := c.post(t, v2(customer.TenantID), c.redeeming(first))
		claims := claimsOf(t, r.string("access_token"))
		if claims["tid"] != customer.TenantID || claims["iss"] != "https://sts.windows.net/"+customer.TenantID+"/" {
			t.Errorf("tid %v, iss %v for %s", claims["tid"], claims["iss"], customer.TenantID)
		}
	}
	c.World.Advance(world.RefreshLife - time.Hour)
	renewed := c.post(t, v2(world.PartnerTenantID), c.redeeming(first)).string("refresh_token")
	if renewed == first || len(renewed) != 1200 {
		t.Fatalf("renewed token of %d characters", len(renewed))
	}
	if raw, err := base64.RawURLEncoding.DecodeString(renewed); err != nil || len(raw) != 900 {
		t.Errorf("not base64url of 900 bytes: %v", err)
	}
	c.World.Advance(2 * time.Hour)
	if r := c.post(t, v2(world.PartnerTenantID), c.redeeming(first)); r.code() != 700082 {
		t.Errorf("first, after 90 days: %s", r.text)
	}
	if r := c.post(t, v2(world.PartnerTenantID), c.redeeming(renewed)); r.status != http.StatusOK {
		t.Errorf("renewed: %s", r.text)
	}
}

func TestMFAIsInherited(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	for _, skip := range []bool{false, true} {
		callback := c.SignIn(t, c.authorizeURL(world.PartnerTenantID, asking()), simtest.Person{SkipMFA: skip})
		r := c.post(t, v2(world.PartnerTenantID), c.exchanging(callback.Form.Get("code")))
		again := c.post(t, v2(world.PartnerTenantID), values(c.redeeming(r.string("refresh_token")), "scope", pcScope))
		for _, token := range []string{r.string("access_token"), again.string("access_token")} {
			claims := claimsOf(t, token)
			amr, _ := claims["amr"].([]any)
			if slices.Contains(amr, any("mfa")) == skip {
				t.Errorf("skipped %v: amr = %v", skip, amr)
			}
			if claims["ver"] != "1.0" || claims["scp"] != "user_impersonation" || claims["upn"] != world.IntegrationUPN || claims["appid"] != world.AppID {
				t.Errorf("claims = %v", claims)
			}
		}
	}
}

func TestRefreshTokenIsLeftOutOnDemand(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	token := c.MintRefreshToken(t, simtest.Mint{})
	c.World.SetPolicy(world.PartnerTenantID, func(p *world.SignInPolicy) { p.WithoutRefresh = true })
	if r := c.post(t, v2(world.PartnerTenantID), c.redeeming(token)); r.status != http.StatusOK || r.string("refresh_token") != "" {
		t.Errorf("answer = %d with %d characters of refresh token", r.status, len(r.string("refresh_token")))
	}
	q := values(asking(), "scope", "openid https://graph.microsoft.com/User.Read")
	c.World.SetPolicy(world.PartnerTenantID, func(p *world.SignInPolicy) { p.WithoutRefresh = false })
	code := c.SignIn(t, c.authorizeURL(world.PartnerTenantID, q), simtest.Person{}).Form.Get("code")
	if r := c.post(t, v2(world.PartnerTenantID), c.exchanging(code)); r.status != http.StatusOK || r.string("refresh_token") != "" {
		t.Errorf("without offline_access: %d, %d characters", r.status, len(r.string("refresh_token")))
	}
}

func TestTwoSecretsAndBasicAuthentication(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	token := c.MintRefreshToken(t, simtest.Mint{})
	old := c.redeeming(token)
	c.World.RotateAppSecret("second", false)
	for _, form := range []url.Values{old, c.redeeming(token)} {
		if r := c.post(t, v2(world.PartnerTenantID), form); r.status != http.StatusOK {
			t.Errorf("both secrets are good: %s", r.text)
		}
	}
	c.World.RotateAppSecret("third", true)
	if r := c.post(t, v2(world.PartnerTenantID), old); r.code() != 7000222 {
		t.Errorf("retired: %s", r.text)
	}
	form := values(c.redeeming(token), "client_id", "", "client_secret", "")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.LoginURL+"/"+v2(world.PartnerTenantID), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("client-request-id", "77777777-7777-4777-8777-777777777777")
	req.Header.Set("return-client-request-id", "true")
	req.SetBasicAuth(world.AppID, url.QueryEscape(c.World.AppSecret()))
	res, err := c.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, res)
	if r.status != http.StatusOK || r.header.Get("client-request-id") != "77777777-7777-4777-8777-777777777777" {
		t.Errorf("basic: %d %v", r.status, r.header)
	}
}

// A customer's own administrator can sign in and consents on the way.
func TestDirectConsentOfACustomer(t *testing.T) {
	t.Parallel()
	c := start(t, 2)
	customer := c.World.Customers()[0]
	c.World.Mutate(customer.TenantID, func(c *world.Customer) { c.Consented, c.GDAP = false, false })
	admin := c.World.Users(customer.TenantID)[0]
	callback := c.SignIn(t, c.authorizeURL(customer.TenantID, asking()), simtest.Person{User: admin.Object})
	r := c.post(t, v2(customer.TenantID), c.exchanging(callback.Form.Get("code")))
	if r.status != http.StatusOK {
		t.Fatal(r.text)
	}
	if now, _ := c.World.Customer(customer.TenantID); !now.Consented {
		t.Error("the customer has not consented")
	}
	elsewhere := c.post(t, v2(c.World.Customers()[1].TenantID), c.redeeming(r.string("refresh_token")))
	if elsewhere.code() != 50020 {
		t.Errorf("in another customer: %s", elsewhere.text)
	}
}

func TestAdminConsent(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	customer := c.World.Customers()[0]
	c.World.Mutate(customer.TenantID, func(c *world.Customer) { c.Consented = false })
	link := c.LoginURL + "/" + customer.Domain + "/v2.0/adminconsent?" + url.Values{
		"client_id": {world.AppID}, "redirect_uri": {redirect}, "state": {"x"}, "scope": {graph},
	}.Encode()
	admin := c.World.Users(customer.TenantID)[0].Object
	refused := c.SignIn(t, link, simtest.Person{Cancel: true}).Form
	if refused.Get("error") != "consent_required" || refused.Get("admin_consent") != "True" {
		t.Errorf("refused: %v", refused)
	}
	given := c.SignIn(t, link, simtest.Person{User: admin}).Form
	if given.Get("admin_consent") != "True" || given.Get("tenant") != customer.TenantID || given.Get("state") != "x" {
		t.Errorf("given: %v", given)
	}
	if now, _ := c.World.Customer(customer.TenantID); !now.Consented {
		t.Error("the customer has not consented")
	}
}
