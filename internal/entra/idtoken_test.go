package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	object = "33333333-3333-4333-8333-333333333333"
	nonce  = "nonce-1"
)

// authority publishes one key per tenant and signs with it.
type authority struct {
	*httptest.Server
	key     *rsa.PrivateKey
	fetches atomic.Int32
	down    atomic.Bool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fetches.Add(1)
		if a.down.Load() || r.URL.Path != "/"+string(partner)+"/discovery/v2.0/keys" {
			http.Error(w, "gone", http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &a.key.PublicKey, KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *authority) client() *entra.Client {
	public, _ := cloud.Lookup("public")
	return entra.New(entra.Config{
		Cloud: public, LoginURL: a.URL, App: app, Credential: fixedSecret("s"), HTTP: a.Client(),
		Now: func() time.Time { return at },
	})
}

// sign makes a JWT of the claims with the key under the id.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) sam.Secret {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return sam.NewSecret(raw)
}

func goodClaims() map[string]any {
	return map[string]any{
		"iss": "https://login.microsoftonline.com/" + string(partner) + "/v2.0", "aud": string(app), "tid": string(partner),
		"oid": object, "sub": "pairwise", "preferred_username": "sam.keeper@partner.example", "name": "Sam\nKeeper",
		"nonce": nonce, "iat": at.Unix(), "nbf": at.Unix(), "exp": at.Add(time.Hour).Unix(), "ver": "2.0",
	}
}

func expectation() entra.IDTokenExpectation {
	return entra.IDTokenExpectation{Nonce: nonce, Tenants: []sam.TenantID{partner}}
}

func TestVerifyIDToken(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	got, err := a.client().VerifyIDToken(t.Context(), sign(t, jose.RS256, a.key, "k1", goodClaims()), expectation())
	want := entra.Identity{Tenant: partner, Object: object, UPN: "sam.keeper@partner.example", Name: "SamKeeper"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestVerifyIDTokenDefects(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	client := a.client()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const other = "99999999-9999-4999-8999-999999999999"
	claim := func(name string, value any) sam.Secret {
		c := goodClaims()
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return sign(t, jose.RS256, a.key, "k1", c)
	}
	tamper := func(raw sam.Secret) sam.Secret {
		parts := strings.Split(raw.Reveal(), ".")
		c := goodClaims()
		c["oid"] = other
		payload, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return sam.NewSecret(parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2])
	}
	unsigned := func() sam.Secret {
		parts := strings.Split(claim("nonce", nonce).Reveal(), ".")
		return sam.NewSecret(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + ".")
	}
	for name, c := range map[string]struct {
		token sam.Secret
		code  string
	}{
		"not a JWT":                  {sam.NewSecret("surprise"), entra.IDTokenUnreadable},
		"empty":                      {sam.Secret{}, entra.IDTokenUnreadable},
		"far too long":               {sam.NewSecret("a." + strings.Repeat("b", 100<<10) + ".c"), entra.IDTokenUnreadable},
		"no tenant":                  {claim("tid", nil), entra.IDTokenUnreadable},
		"a tenant that is no GUID":   {claim("tid", "../common"), entra.IDTokenUnreadable},
		"another tenant":             {claim("tid", other), entra.IDTokenTenant},
		"issuer of another tenant":   {claim("iss", "https://login.microsoftonline.com/"+other+"/v2.0"), entra.IDTokenRefused},
		"issuer template":            {claim("iss", "https://login.microsoftonline.com/{tenantid}/v2.0"), entra.IDTokenRefused},
		"issuer of v1.0":             {claim("iss", "https://sts.windows.net/"+string(partner)+"/"), entra.IDTokenRefused},
		"issuer of another cloud":    {claim("iss", "https://login.microsoftonline.us/"+string(partner)+"/v2.0"), entra.IDTokenRefused},
		"another audience":           {claim("aud", other), entra.IDTokenRefused},
		"no audience":                {claim("aud", nil), entra.IDTokenRefused},
		"a stranger's signature":     {sign(t, jose.RS256, stranger, "k1", goodClaims()), entra.IDTokenRefused},
		"a stranger's key id":        {sign(t, jose.RS256, stranger, "k2", goodClaims()), entra.IDTokenRefused},
		"changed after signing":      {tamper(claim("nonce", nonce)), entra.IDTokenRefused},
		"no signature":               {unsigned(), entra.IDTokenRefused},
		"another algorithm":          {sign(t, jose.PS256, a.key, "k1", goodClaims()), entra.IDTokenRefused},
		"HMAC with the public key":   {sign(t, jose.HS256, a.key.N.Bytes(), "k1", goodClaims()), entra.IDTokenRefused},
		"expired beyond the skew":    {claim("exp", at.Add(-6*time.Minute).Unix()), entra.IDTokenTime},
		"no expiry":                  {claim("exp", nil), entra.IDTokenTime},
		"not yet valid":              {claim("nbf", at.Add(6*time.Minute).Unix()), entra.IDTokenTime},
		"another nonce":              {claim("nonce", "nonce-2"), entra.IDTokenNonce},
		"no nonce":                   {claim("nonce", nil), entra.IDTokenNonce},
		"hash of another code":       {claim("c_hash", "AAAAAAAAAAAAAAAAAAAAAA"), entra.IDTokenCodeHash},
		"no account":                 {claim("oid", nil), entra.IDTokenUnreadable},
		"an account that is no GUID": {claim("oid", "admin"), entra.IDTokenUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := expectation()
			want.Code = sam.NewSecret("code-1")
			id, err := client.VerifyIDToken(t.Context(), c.token, want)
			p := sam.AsProblem(err)
			if p == nil || p.Code != c.code || p.Class != sam.ClassReconsent || id != (entra.Identity{}) {
				t.Fatalf("%v with identity %+v, want %s", err, id, c.code)
			}
			if raw := c.token.Reveal(); len(raw) > 20 && strings.Contains(err.Error(), raw[len(raw)-20:]) {
				t.Errorf("%v shows the token", err)
			}
		})
	}
}

func TestVerifyIDTokenTolerates(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	sum := sha256.Sum256([]byte("code-1"))
	for name, extra := range map[string]map[string]any{
		"expired within the skew":   {"exp": at.Add(-4 * time.Minute).Unix()},
		"not yet valid, within it":  {"nbf": at.Add(4 * time.Minute).Unix()},
		"several audiences":         {"aud": []string{"x", string(app)}},
		"the hash of the code":      {"c_hash": base64.RawURLEncoding.EncodeToString(sum[:16])},
		"tenant in capital letters": {"tid": strings.ToUpper(string(partner))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := goodClaims()
			maps.Copy(c, extra)
			want := expectation()
			want.Code = sam.NewSecret("code-1")
			if _, err := a.client().VerifyIDToken(t.Context(), sign(t, jose.RS256, a.key, "k1", c), want); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestVerifyIDTokenNeedsANonce(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	c := goodClaims()
	c["nonce"] = ""
	want := expectation()
	want.Nonce = ""
	_, err := a.client().VerifyIDToken(t.Context(), sign(t, jose.RS256, a.key, "k1", c), want)
	if p := sam.AsProblem(err); p == nil || p.Code != entra.IDTokenNonce {
		t.Errorf("%v, want %s", err, entra.IDTokenNonce)
	}
}

func TestVerifyIDTokenKeys(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	client := a.client()
	a.down.Store(true)
	token := sign(t, jose.RS256, a.key, "k1", goodClaims())
	_, err := client.VerifyIDToken(t.Context(), token, expectation())
	if p := sam.AsProblem(err); p == nil || p.Code != entra.IDTokenKeys || p.Class != sam.ClassRetry {
		t.Errorf("%v, want %s, class retry", err, entra.IDTokenKeys)
	}
	foreign := goodClaims()
	foreign["tid"] = "99999999-9999-4999-8999-999999999999"
	before := a.fetches.Load()
	_, err = client.VerifyIDToken(t.Context(), sign(t, jose.RS256, a.key, "k1", foreign), expectation())
	if err == nil || a.fetches.Load() != before {
		t.Error("keys of a tenant that is not on the list were fetched")
	}
	a.down.Store(false)
	for range 3 {
		if _, err := client.VerifyIDToken(t.Context(), token, expectation()); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.fetches.Load() - before; got != 1 {
		t.Errorf("the keys were fetched %d times, want once", got)
	}
}
