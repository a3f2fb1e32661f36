package bearer

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/keys"
	"github.com/samkeeper/samkeeper/sim/world"
)

// Checker verifies against the authority's key ring and the world's clock. It
// is a Verifier, safe for concurrent use.
type Checker struct {
	ring  *keys.Ring
	world *world.World
}

// New makes a Checker.
func New(ring *keys.Ring, w *world.World) *Checker { return &Checker{ring: ring, world: w} }

// payload is the union of the claims of v1.0 and v2.0 access tokens.
type payload struct {
	Audience string   `json:"aud"`
	Issuer   string   `json:"iss"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	Tenant   string   `json:"tid"`
	Object   string   `json:"oid"`
	AppV1    string   `json:"appid"`
	AppV2    string   `json:"azp"`
	UPN      string   `json:"upn"`
	Name     string   `json:"name"`
	AMR      []string `json:"amr"`
	Scope    string   `json:"scp"`
	Roles    []string `json:"roles"`
	ID       string   `json:"uti"`
	Version  string   `json:"ver"`
}

// Verify checks the Authorization header of r.
func (c *Checker) Verify(r *http.Request, audiences ...string) (Claims, error) {
	token, ok := fromHeader(r.Header.Get("Authorization"))
	if !ok {
		return Claims{}, &Error{Fault: Missing, Detail: "no bearer token"}
	}
	return c.VerifyToken(token, audiences...)
}

// VerifyToken checks a compact token.
func (c *Checker) VerifyToken(token string, audiences ...string) (Claims, error) {
	if strings.Count(token, ".") != 2 {
		return Claims{}, &Error{Fault: Malformed, Detail: "not a signed JWT"}
	}
	raw, err := c.ring.Open(token)
	if err != nil {
		return Claims{}, &Error{Fault: Signature, Detail: err.Error()}
	}
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return Claims{}, &Error{Fault: Malformed, Detail: "claims: " + err.Error()}
	}
	claims := p.claims()
	cloud := c.world.Cloud()
	if p.Issuer != cloud.IssuerV1(p.Tenant) && p.Issuer != cloud.IssuerV2(p.Tenant) {
		return Claims{}, &Error{Fault: Issuer, Detail: "issuer " + p.Issuer + " for tenant " + p.Tenant}
	}
	if !c.world.TokenAlive(time.Unix(p.IssuedAt, 0), claims.Expires) {
		return Claims{}, &Error{Fault: Expired, Detail: "lifetime is over", Claims: claims}
	}
	if !meant(p.Audience, audiences) {
		return Claims{}, &Error{Fault: Audience, Detail: "audience " + p.Audience, Claims: claims}
	}
	return claims, nil
}

func (p payload) claims() Claims {
	return Claims{
		Tenant: p.Tenant, Object: p.Object, App: p.AppV1 + p.AppV2, Audience: p.Audience,
		Issuer: p.Issuer, Version: p.Version, UPN: p.UPN, Name: p.Name, AMR: p.AMR,
		Scopes: strings.Fields(p.Scope), Roles: p.Roles, Delegated: p.Scope != "", ID: p.ID,
		Expires: time.Unix(p.Expires, 0).UTC(),
	}
}

func fromHeader(value string) (string, bool) {
	scheme, token, ok := strings.Cut(value, " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

func meant(audience string, wanted []string) bool {
	if len(wanted) == 0 {
		return true
	}
	for _, w := range wanted {
		if strings.TrimSuffix(audience, "/") == strings.TrimSuffix(w, "/") {
			return true
		}
	}
	return false
}
