package entra

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// session is what a token is minted from.
type session struct {
	tenant string     // of the token: the partner's or a customer's
	user   world.User // zero for app-only tokens
	amr    []string
	proof  proof // how the client proved itself
}

// proof is how the client authenticated: the appidacr/azpacr claim.
type proof string

const (
	byNothing   proof = "0"
	bySecret    proof = "1"
	byAssertion proof = "2"
)

// claims is the body of a token.
type claims map[string]any

// life is a random life between 60 and 90 minutes, as Entra gives.
func life() time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(1800))
	if err != nil {
		return time.Hour
	}
	return time.Hour + time.Duration(n.Int64())*time.Second
}

// times stamps a token. nbf is the earlier of both clocks, so that a client on
// the wall clock accepts a token minted after the virtual clock was moved on.
func (s *Server) times(c claims, now time.Time, alive time.Duration) {
	start := now
	if wall := s.wall(); wall.Before(start) {
		start = wall
	}
	c["iat"] = now.Unix()
	c["nbf"] = min(start.Unix(), now.Unix())
	c["exp"] = now.Add(alive).Unix()
	c["uti"] = opaque(16)
	c["rh"] = "1." + opaque(24)
}

// accessToken mints a v1.0 access token for the demanded resource: all the
// services samkeeper calls accept that format, whichever endpoint gave it.
func (s *Server) accessToken(d demand, in session, now time.Time, alive time.Duration) (string, error) {
	c := claims{
		"aud": d.audience, "iss": s.world.Cloud().IssuerV1(in.tenant), "tid": in.tenant,
		"appid": s.appID(), "appidacr": string(in.proof), "ver": "1.0", "aio": opaque(40),
	}
	s.times(c, now, alive)
	if in.user.Object == "" {
		principal := world.DerivedID(in.tenant, s.appID(), "principal")
		c["oid"], c["sub"], c["idtyp"] = principal, principal, "app"
		if roles := s.roles(d, in.tenant); len(roles) > 0 {
			c["roles"] = roles
		}
		return s.sign(c)
	}
	c["scp"] = strings.Join(d.scopes, " ")
	c["acr"], c["amr"] = "1", in.amr
	c["oid"], c["sub"] = in.user.Object, pairwise(in.user.Object, d.resource.id)
	c["upn"], c["unique_name"] = in.user.UPN, in.user.UPN
	c["name"], c["given_name"], c["family_name"] = in.user.Name, in.user.Given, in.user.Family
	c["ipaddr"], c["tenant_region_scope"] = "127.0.0.1", "EU"
	return s.sign(c)
}

// roles are the application permissions of an app-only token: those granted on
// Graph in the partner tenant.
func (s *Server) roles(d demand, tenant string) []string {
	if tenant != world.PartnerTenantID || d.resource.audience != s.world.Cloud().Graph {
		return nil
	}
	var roles []string
	s.world.View(func() { roles = slices.Clone(s.world.Partner().App.Roles) })
	return roles
}

// idToken mints the id_token of the endpoint's version.
func (s *Server) idToken(version int, in session, nonce, code string, now time.Time) (string, error) {
	cloud := s.world.Cloud()
	c := claims{
		"aud": s.appID(), "tid": in.tenant, "oid": in.user.Object,
		"sub": pairwise(in.user.Object, s.appID()), "name": in.user.Name,
	}
	s.times(c, now, time.Hour)
	if nonce != "" {
		c["nonce"] = nonce
	}
	if code != "" {
		c["c_hash"] = codeHash(code)
	}
	if version == 1 {
		c["iss"], c["ver"] = cloud.IssuerV1(in.tenant), "1.0"
		c["upn"], c["unique_name"], c["amr"] = in.user.UPN, in.user.UPN, in.amr
		c["given_name"], c["family_name"] = in.user.Given, in.user.Family
		return s.sign(c)
	}
	c["iss"], c["ver"] = cloud.IssuerV2(in.tenant), "2.0"
	c["preferred_username"] = in.user.UPN
	return s.sign(c)
}

// sign signs and remembers the token as a secret.
func (s *Server) sign(c claims) (string, error) {
	token, err := s.ring.Sign(c)
	if err != nil {
		return "", fmt.Errorf("mint token for tenant %v: %w", c["tid"], err)
	}
	s.world.RecordSecret(token)
	return token, nil
}

// codeHash is the left half of the SHA-256 of a code, base64url (OIDC core,
// 3.3.2.11).
func codeHash(code string) string {
	sum := sha256.Sum256([]byte(code))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}

// pairwise is a subject that is stable for one user at one application.
func pairwise(object, app string) string {
	sum := sha256.Sum256([]byte(object + "\x00" + app))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// opaque is n random bytes, base64url.
func opaque(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(raw)
}

// methods is the amr of a sign-in.
func methods(mfa bool) []string {
	if mfa {
		return []string{"pwd", "mfa"}
	}
	return []string{"pwd"}
}

func hasMFA(amr []string) bool { return slices.Contains(amr, "mfa") }
