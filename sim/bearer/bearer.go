package bearer

import (
	"net/http"
	"slices"
	"time"
)

// Claims is what a verified access token says.
type Claims struct {
	Tenant    string    // tid: the tenant the token is for
	Object    string    // oid: user, managed identity or service principal
	App       string    // appid (v1.0) or azp (v2.0)
	Audience  string    // aud, as the token carries it
	Issuer    string    // iss
	Version   string    // "1.0" or "2.0"
	UPN       string    // empty for app-only tokens
	Name      string    // display name of the user
	AMR       []string  // authentication methods; only in v1.0 user tokens
	Scopes    []string  // delegated permissions; empty for app-only tokens
	Roles     []string  // application permissions of an app-only token
	Delegated bool      // a user stands behind the token
	ID        string    // uti: unique token id
	Expires   time.Time // exp
}

// MFA tells whether the sign-in behind the token used a second factor.
func (c Claims) MFA() bool { return slices.Contains(c.AMR, "mfa") }

// Fault says why a token was refused.
type Fault string

// The faults, in the order in which they are looked for.
const (
	Missing   Fault = "missing"   // no Authorization: Bearer header
	Malformed Fault = "malformed" // not a signed JWT of this authority's form
	Signature Fault = "signature" // unknown key or wrong signature
	Issuer    Fault = "issuer"    // issuer and tid do not belong together
	Expired   Fault = "expired"   // lifetime is over, or has not begun
	Audience  Fault = "audience"  // a token for another resource
)

// Error is the only error type Verify returns. Claims is filled as far as the
// token could be trusted: with Audience the whole token was sound.
type Error struct {
	Fault  Fault
	Detail string
	Claims Claims
}

func (e *Error) Error() string { return "access token refused: " + string(e.Fault) + ": " + e.Detail }

// Verifier checks the bearer token of a request. The token's audience must be
// one of audiences; a trailing slash makes no difference. No audience given
// means any. Errors are *Error.
type Verifier interface {
	Verify(r *http.Request, audiences ...string) (Claims, error)
}
