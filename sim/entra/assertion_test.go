package entra_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

func certificate(t *testing.T, until time.Time) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

// assert signs a client assertion.
func assert(t *testing.T, alg jose.SignatureAlgorithm, key any, header map[string]string, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func with(assertion string, form url.Values) url.Values {
	return values(form, "client_secret", "", "client_assertion", assertion,
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
}

func TestCertificateAssertions(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	token := c.MintRefreshToken(t, simtest.Mint{})
	key, cert := certificate(t, time.Now().Add(time.Hour))
	oldKey, old := certificate(t, time.Now().Add(-time.Hour))
	strange, unknown := certificate(t, time.Now().Add(time.Hour))
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.World.Change(func(p *world.Partner) {
		p.App.Certificates = []world.AppCertificate{{Certificate: old}, {Certificate: cert}}
	})
	long, oldLong, unknownLong := sha256.Sum256(cert.Raw), sha256.Sum256(old.Raw), sha256.Sum256(unknown.Raw)
	short := sha1.Sum(cert.Raw)
	url64 := base64.RawURLEncoding.EncodeToString
	claims := func(pairs ...any) map[string]any {
		m := map[string]any{
			"iss": world.AppID, "sub": world.AppID, "jti": "1",
			"aud": "https://login.microsoftonline.com/" + world.PartnerTenantID + "/oauth2/v2.0/token",
			"nbf": time.Now().Unix(), "iat": time.Now().Unix(), "exp": time.Now().Add(10 * time.Minute).Unix(),
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	good := map[string]string{"x5t#S256": url64(long[:])}
	for name, row := range map[string]struct {
		assertion string
		code      int
	}{
		"PS256 base64url":       {assert(t, jose.PS256, key, good, claims()), 0},
		"PS256 padded base64":   {assert(t, jose.PS256, key, map[string]string{"x5t#S256": base64.StdEncoding.EncodeToString(long[:])}, claims()), 0},
		"RS256 and x5t":         {assert(t, jose.RS256, key, map[string]string{"x5t": url64(short[:])}, claims()), 0},
		"audience by address":   {assert(t, jose.PS256, key, good, claims("aud", c.LoginURL+"/"+world.PartnerTenantID+"/oauth2/v2.0/token")), 0},
		"other key":             {assert(t, jose.PS256, strange, good, claims()), 700027},
		"not registered":        {assert(t, jose.PS256, strange, map[string]string{"x5t#S256": url64(unknownLong[:])}, claims()), 700027},
		"no thumbprint":         {assert(t, jose.PS256, key, nil, claims()), 700027},
		"expired certificate":   {assert(t, jose.PS256, oldKey, map[string]string{"x5t#S256": url64(oldLong[:])}, claims()), 7000222},
		"expired":               {assert(t, jose.PS256, key, good, claims("exp", time.Now().Add(-time.Hour).Unix())), 700024},
		"not yet":               {assert(t, jose.PS256, key, good, claims("nbf", time.Now().Add(time.Hour).Unix())), 700024},
		"audience of another":   {assert(t, jose.PS256, key, good, claims("aud", "https://login.microsoftonline.com/common/oauth2/v2.0/token")), 700023},
		"audience elsewhere":    {assert(t, jose.PS256, key, good, claims("aud", "nonsense")), 700023},
		"subject of another":    {assert(t, jose.PS256, key, good, claims("sub", "someone")), 50027},
		"elliptic curve":        {assert(t, jose.ES256, curve, good, claims()), 50027},
		"nonsense":              {"a.b.c", 50027},
		"signed by a foreigner": {assert(t, jose.PS256, key, good, claims("iss", "https://issuer.example")), 700213},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.post(t, v2(world.PartnerTenantID), with(row.assertion, c.redeeming(token)))
			if r.code() != row.code || row.code != 0 && (r.status != http.StatusUnauthorized || r.string("error") != "invalid_client") {
				t.Errorf("%d, code %d, want %d: %s", r.status, r.code(), row.code, r.text)
			}
		})
	}
	if r := c.post(t, v2(world.PartnerTenantID), values(with(assert(t, jose.PS256, key, good, claims()), c.redeeming(token)), "client_assertion_type", "")); r.code() != 900144 {
		t.Errorf("without a type: %s", r.text)
	}
}

// miToken asks the managed-identity endpoint.
func (c *cloud) miToken(t *testing.T, resource string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.IdentityURL+"?"+url.Values{
		"api-version": {"2019-08-01"}, "resource": {resource}, "client_id": {world.IdentityClientID},
	}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-IDENTITY-HEADER", c.IdentityHeader)
	res, err := c.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res).string("access_token")
}

func TestFederatedCredential(t *testing.T) {
	t.Parallel()
	const audience = "api://AzureADTokenExchange"
	for name, row := range map[string]struct {
		arrange  func(c *cloud)
		resource string
		token    func(t *testing.T, c *cloud) string
		code     int
	}{
		"good":             {},
		"other audience":   {resource: "https://vault.azure.net", code: 700213},
		"subject mismatch": {arrange: func(c *cloud) { c.World.Change(func(p *world.Partner) { p.App.Federated[0].Subject = "x" }) }, code: 700213},
		"audience case": {arrange: func(c *cloud) {
			c.World.Change(func(p *world.Partner) { p.App.Federated[0].Audience = "api://azureadtokenexchange" })
		}, code: 700213},
		"no credential": {arrange: func(c *cloud) { c.World.Change(func(p *world.Partner) { p.App.Federated = nil }) }, code: 70021},
		"forged": {token: func(t *testing.T, c *cloud) string {
			t.Helper()
			key, _ := certificate(t, time.Now().Add(time.Hour))
			return assert(t, jose.RS256, key, map[string]string{"kid": "x"}, claimsOf(t, c.miToken(t, audience)))
		}, code: 50013},
		"user token": {token: func(t *testing.T, c *cloud) string {
			t.Helper()
			signed, err := c.Keys.Sign(map[string]any{
				"iss": "https://login.microsoftonline.com/" + world.PartnerTenantID + "/v2.0", "sub": world.IdentityPrincipal,
				"aud": audience, "scp": "user_impersonation", "exp": time.Now().Add(time.Hour).Unix(),
			})
			if err != nil {
				t.Fatal(err)
			}
			return signed
		}, code: 700229},
		"expired": {token: func(t *testing.T, c *cloud) string {
			t.Helper()
			signed, err := c.Keys.Sign(map[string]any{
				"iss": "https://login.microsoftonline.com/" + world.PartnerTenantID + "/v2.0", "sub": world.IdentityPrincipal,
				"aud": audience, "exp": time.Now().Add(-time.Hour).Unix(),
			})
			if err != nil {
				t.Fatal(err)
			}
			return signed
		}, code: 700024},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, 1)
			if row.arrange != nil {
				row.arrange(c)
			}
			resource := audience
			if row.resource != "" {
				resource = row.resource
			}
			var assertion string
			if row.token != nil {
				assertion = row.token(t, c)
			} else {
				assertion = c.miToken(t, resource)
			}
			form := c.redeeming(c.MintRefreshToken(t, simtest.Mint{}))
			for _, tenant := range []string{world.PartnerTenantID, c.World.Customers()[0].TenantID} {
				if r := c.post(t, v2(tenant), with(assertion, form)); r.code() != row.code {
					t.Errorf("code %d, want %d: %s", r.code(), row.code, r.text)
				}
			}
		})
	}
}
