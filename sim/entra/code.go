package entra

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// codeLife is how long an authorization code can be redeemed.
const codeLife = 10 * time.Minute

// code is an issued authorization code. It stays known for a while after it
// was redeemed or ran out, so that the refusal can say which of both.
type code struct {
	value    string
	request  authorization
	user     world.User
	mfa      bool
	issued   time.Time
	redeemed bool
}

func (s *Server) issueCode(flow *signIn) *code {
	c := &code{
		value:   "1." + s.world.RandomSecret(450),
		request: flow.request, user: flow.user, mfa: flow.mfa, issued: s.world.Now(),
	}
	s.world.RecordSecret(c.value)
	s.mu.Lock()
	defer s.mu.Unlock()
	for value, old := range s.codes {
		if c.issued.Sub(old.issued) > 24*time.Hour {
			delete(s.codes, value)
		}
	}
	s.codes[c.value] = c
	return c
}

// takeCode checks a code against the request that redeems it, and marks it
// redeemed. A refusal leaves it unspent: whether Entra spends a code on a wrong
// verifier is not documented.
func (s *Server) takeCode(form url.Values, segment string, now time.Time) (*code, *problem) {
	if form.Get("code") == "" {
		return nil, missing("code")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.codes[form.Get("code")]
	if !ok || c.request.client != form.Get("client_id") {
		return nil, refuse("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
	}
	if p := s.checkCode(c, form, segment, now); p != nil {
		return nil, p
	}
	c.redeemed = true
	return c, nil
}

func (s *Server) checkCode(c *code, form url.Values, segment string, now time.Time) *problem {
	switch {
	case c.redeemed:
		return refuse("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.")
	case now.Sub(c.issued) >= codeLife:
		return refuse("invalid_grant", 70008, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.")
	case !s.boundTo(c.user.Tenant, segment):
		return refuse("invalid_grant", 700005, "The provided authorization code is intended to use against other tenant, thus rejected.")
	case c.request.redirect != form.Get("redirect_uri") && (c.request.version == 2 || form.Has("redirect_uri")):
		return refuse("invalid_request", 50011, "The redirect URI '%s' specified in the request does not match the redirect URI the code was issued for.", form.Get("redirect_uri"))
	case !provesChallenge(c.request, form.Get("code_verifier")):
		return refuse("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	}
	return nil
}

// boundTo tells whether the segment names the tenant, or no single tenant.
func (s *Server) boundTo(tenant, segment string) bool {
	if authorityName(segment) {
		return true
	}
	tid, ok := s.world.TenantByName(segment)
	return ok && tid == tenant
}

// provesChallenge is the check of RFC 7636, section 4.6.
func provesChallenge(a authorization, verifier string) bool {
	if a.challenge == "" {
		return verifier == ""
	}
	proved := verifier
	if a.method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		proved = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(proved), []byte(a.challenge)) == 1
}
