package consent_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	partner = sam.TenantID("11111111-1111-4111-8111-111111111111")
	other   = sam.TenantID("99999999-9999-4999-8999-999999999999")
	app     = sam.AppID("22222222-2222-4222-8222-222222222222")
	person  = sam.ObjectID("33333333-3333-4333-8333-333333333333")
	upn     = "sam.keeper@partner.example"
	pc      = "https://api.partnercenter.microsoft.com"
)

// keys are slow to make, so all tests share an honest one and a foreign one.
var honest, foreign = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

type claims map[string]any

// idp is an identity provider that tells the truth until a test asks for a
// lie. The simulator is an honest one; lies are what these tests are about.
type idp struct {
	*httptest.Server
	now func() time.Time

	mu     sync.Mutex
	codes  map[string]issued // codes not redeemed yet
	minted []string          // everything secret that was ever handed out

	// The lies.
	id      func(claims)                          // changes the id_token
	access  func(claims)                          // changes the Partner Center token
	sign    func(idClaims claims) string          // signs the id_token
	answer  func(w http.ResponseWriter) (ok bool) // answers the token endpoint instead
	rewrite func(body map[string]any)             // changes the token answer
}

// issued is a code that waits for its redemption.
type issued struct{ nonce, challenge string }

func newIDP(t *testing.T, now func() time.Time) *idp {
	t.Helper()
	p := &idp{now: now, codes: map[string]issued{}, id: func(claims) {}, access: func(claims) {}}
	p.sign = func(c claims) string { return sign(honest(), "honest", c) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", p.keys)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// signIn plays the person: it returns the fields the browser would bring back
// from the sign-in that address asks for.
func (p *idp) signIn(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	code := p.mint("code")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = issued{nonce: q.Get("nonce"), challenge: q.Get("code_challenge")}
	return url.Values{"code": {code}, "state": {q.Get("state")}, "session_state": {"b1f2"}}
}

func (p *idp) mint(kind string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := fmt.Sprintf("%s-%s", kind, rand.Text())
	p.minted = append(p.minted, s)
	return s
}

func (p *idp) keys(w http.ResponseWriter, _ *http.Request) {
	pub := honest().PublicKey
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "honest",
		"n": base64.RawURLEncoding.EncodeToString(pub.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(pub.E)).Bytes()),
	}}})
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	if p.answer != nil && p.answer(w) {
		return
	}
	code := r.PostFormValue("code")
	p.mu.Lock()
	grant, ok := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	if !ok {
		refuseToken(w, 54005, "OAuth2 Authorization code was already redeemed")
		return
	}
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != grant.challenge {
		refuseToken(w, 501481, "The Code_Verifier does not match the code_challenge")
		return
	}
	body := map[string]any{
		"token_type": "Bearer", "expires_in": 3599, "scope": pc + "/user_impersonation",
		"access_token": p.accessToken(), "refresh_token": p.mint("refresh"), "id_token": p.idToken(grant.nonce),
	}
	if p.rewrite != nil {
		p.rewrite(body)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func refuseToken(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": "invalid_grant", "error_description": fmt.Sprintf("AADSTS%d: %s.", code, text), "error_codes": []int{code},
	})
}

func (p *idp) idToken(nonce string) string {
	public, _ := cloud.Lookup("public")
	c := claims{
		"iss": public.IssuerOf(partner), "aud": string(app), "tid": string(partner), "oid": string(person),
		"preferred_username": upn, "name": "Sam Keeper", "nonce": nonce, "ver": "2.0",
		"iat": p.now().Unix(), "nbf": p.now().Unix(), "exp": p.now().Add(time.Hour).Unix(),
	}
	p.id(c)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return p.remember(p.sign(c))
}

func (p *idp) accessToken() string {
	public, _ := cloud.Lookup("public")
	c := claims{
		"iss": public.STSIssuerOf(partner), "aud": pc, "tid": string(partner), "oid": string(person),
		"appid": string(app), "upn": upn, "name": "Sam Keeper", "ver": "1.0", "amr": []string{"pwd", "mfa"},
		"exp": p.now().Add(time.Hour).Unix(),
	}
	p.access(c)
	return p.remember(sign(honest(), "honest", c))
}

func (p *idp) remember(token string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.minted = append(p.minted, token)
	return token
}

// secrets is everything that must never be seen outside the vault.
func (p *idp) secrets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.minted...)
}

func sign(key *rsa.PrivateKey, kid string, c claims) string {
	signed := unsigned(claims{"alg": "RS256", "typ": "JWT", "kid": kid}, c)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func unsigned(parts ...claims) string {
	var out []string
	for _, part := range parts {
		b, err := json.Marshal(part)
		if err != nil {
			panic(err)
		}
		out = append(out, base64.RawURLEncoding.EncodeToString(b))
	}
	return strings.Join(out, ".")
}
