package entra

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/samkeeper/samkeeper/sim/world"
)

// assertionSkew is how far clocks may differ.
const assertionSkew = 5 * time.Minute

// assertion is the part of a client assertion that is checked.
type assertion struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	NotYet   int64  `json:"nbf"`
	Scope    string `json:"scp"`
}

// checkAssertion tells a certificate's assertion (issued by the app itself)
// from a federated one (issued by somebody the app trusts).
func (s *Server) checkAssertion(x *exchange, raw string) *problem {
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
	if err != nil {
		return unauthorized(50027, "Invalid JWT token. The client assertion could not be read: "+err.Error())
	}
	var a assertion
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &a); err != nil {
		return unauthorized(50027, "Invalid JWT token. The claims of the client assertion could not be read.")
	}
	if strings.EqualFold(a.Issuer, s.appID()) {
		return s.checkCertificate(x, signed, a)
	}
	return s.checkFederated(x, raw, a)
}

// checkCertificate verifies an assertion by the registered certificate that
// its x5t#S256 or x5t header names.
func (s *Server) checkCertificate(x *exchange, signed *jose.JSONWebSignature, a assertion) *problem {
	var registered []world.AppCertificate
	s.world.View(func() { registered = slices.Clone(s.world.Partner().App.Certificates) })
	header := signed.Signatures[0].Protected
	for _, known := range registered {
		certificate := known.Certificate
		if !names(header, certificate) || x.now.Before(known.Known) {
			continue
		}
		if _, err := signed.Verify(certificate.PublicKey); err != nil {
			break
		}
		if x.now.After(certificate.NotAfter) {
			return unauthorized(7000222, "The provided client certificate of app '"+s.appID()+"' is expired.")
		}
		return s.checkWindow(x, a)
	}
	return unauthorized(700027, "The certificate with identifier used to sign the client assertion is not registered on application '"+s.appID()+"', or the key was wrong. Client assertion failed signature validation.")
}

func (s *Server) checkWindow(x *exchange, a assertion) *problem {
	now := x.now
	if wall := s.wall(); wall.Before(now) {
		now = wall // the client lives by the wall clock
	}
	switch {
	case !strings.EqualFold(a.Subject, a.Issuer):
		return unauthorized(50027, "Invalid JWT token. Subject and issuer of the client assertion differ.")
	case a.NotYet > x.now.Add(assertionSkew).Unix() || a.Expires < now.Add(-assertionSkew).Unix():
		return unauthorized(700024, "Client assertion is not within its valid time range.")
	case !s.meansUs(a.Audience, x):
		return unauthorized(700023, "Client assertion audience claim does not match Realm issuer.")
	}
	return nil
}

// meansUs accepts the token endpoint and the issuer of the called tenant, by
// the cloud's name or by this listener's address.
func (s *Server) meansUs(audience string, x *exchange) bool {
	_, path, ok := strings.Cut(strings.TrimPrefix(audience, "https://"), "/")
	if !ok {
		return false
	}
	segment, rest, _ := strings.Cut(path, "/")
	if !strings.EqualFold(segment, x.segment) && !strings.EqualFold(segment, x.tenant) {
		return false
	}
	return slices.Contains([]string{"oauth2/v2.0/token", "oauth2/token", "v2.0", ""}, rest)
}

// names tells whether a JWS header names the certificate. Both base64
// alphabets are accepted, with and without padding.
func names(header jose.Header, certificate *x509.Certificate) bool {
	long := sha256.Sum256(certificate.Raw)
	short := sha1.Sum(certificate.Raw)
	return sameDigest(header.ExtraHeaders["x5t#S256"], long[:]) || sameDigest(header.ExtraHeaders["x5t"], short[:])
}

func sameDigest(value any, digest []byte) bool {
	text, ok := value.(string)
	if !ok {
		return false
	}
	text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
	return text == base64.RawURLEncoding.EncodeToString(digest)
}

// checkFederated looks for the credential whose issuer, subject and audience
// are exactly the token's, and only then at the token itself.
func (s *Server) checkFederated(x *exchange, raw string, a assertion) *problem {
	var trusted []world.FederatedCredential
	s.world.View(func() { trusted = slices.Clone(s.world.Partner().App.Federated) })
	if len(trusted) == 0 {
		return unauthorized(70021, "No matching federated identity record found for presented assertion. Assertion Issuer: '"+a.Issuer+"'. Assertion Subject: '"+a.Subject+"'. Assertion Audience: '"+a.Audience+"'.")
	}
	for _, f := range trusted {
		if f.Issuer == a.Issuer && f.Subject == a.Subject && f.Audience == a.Audience {
			return s.checkFederatedToken(x, raw, a)
		}
	}
	return unauthorized(700213, "No matching federated identity record found for presented assertion subject '"+a.Subject+"'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.")
}

func (s *Server) checkFederatedToken(x *exchange, raw string, a assertion) *problem {
	if _, err := s.ring.Open(raw); err != nil {
		return unauthorized(50013, "Assertion failed signature validation.")
	}
	if a.Scope != "" {
		return unauthorized(700229, "Only app-only tokens can be used as Federated Identity Credentials for AAD issuer.")
	}
	if now := s.wall(); time.Unix(a.Expires, 0).Before(now) && time.Unix(a.Expires, 0).Before(x.now) {
		return unauthorized(700024, "Client assertion is not within its valid time range.")
	}
	return nil
}
