package entra

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// skew is how far the clocks may be apart.
const skew = 5 * time.Minute

// IDTokenExpectation is what an id_token must match.
type IDTokenExpectation struct {
	Nonce   string         // of the authorize request; never empty
	Tenants []sam.TenantID // the allow-list
	// Code is the authorization code the token came with. It is compared with
	// the token's c_hash when both are there; the code flow sends none.
	Code sam.Secret
}

// Identity is who signed in. Tenant and Object are the stable key; UPN and Name
// are for display and may change.
type Identity struct {
	Tenant sam.TenantID
	Object sam.ObjectID
	UPN    string
	Name   string
}

// The codes of a refused id_token.
//
//nolint:gosec // G101 takes the word "token" for a credential; these are codes.
const (
	IDTokenUnreadable = "id_token_unreadable" // no JWT, or claims are missing
	IDTokenTenant     = "id_token_tenant"     // its tenant is not on the allow-list
	IDTokenKeys       = "id_token_keys"       // the signing keys could not be fetched
	IDTokenRefused    = "id_token_refused"    // signature, algorithm, issuer or audience
	IDTokenTime       = "id_token_time"       // expired or not yet valid
	IDTokenNonce      = "id_token_nonce"      // belongs to another sign-in
	IDTokenCodeHash   = "id_token_code_hash"  // belongs to another code
)

type idClaims struct {
	Tenant            string  `json:"tid"`
	Object            string  `json:"oid"`
	PreferredUsername string  `json:"preferred_username"`
	UPN               string  `json:"upn"`
	Name              string  `json:"name"`
	Nonce             string  `json:"nonce"`
	CodeHash          string  `json:"c_hash"`
	Expires           seconds `json:"exp"`
	NotBefore         seconds `json:"nbf"`
}

// VerifyIDToken checks everything section 4.1 asks for and returns who signed
// in. A failure is a *sam.Problem with one of the codes above.
func (c *Client) VerifyIDToken(ctx context.Context, raw sam.Secret, want IDTokenExpectation) (Identity, error) {
	var hint struct {
		Tenant string `json:"tid"`
	}
	if err := readPayload(raw.Reveal(), &hint); err != nil {
		return Identity{}, refusedIDToken(IDTokenUnreadable, "", "The id_token cannot be read.", err)
	}
	tenant, err := sam.ParseTenantID(hint.Tenant)
	if err != nil {
		return Identity{}, refusedIDToken(IDTokenUnreadable, "", "The id_token names no tenant.", err)
	}
	if !slices.Contains(want.Tenants, tenant) {
		return Identity{}, refusedIDToken(IDTokenTenant, tenant, "The account belongs to a tenant that is not among the partner tenants in the settings.", nil)
	}
	token, err := c.verifySignature(ctx, tenant, raw)
	if err != nil {
		return Identity{}, err
	}
	var claims idClaims
	if err := token.Claims(&claims); err != nil {
		return Identity{}, refusedIDToken(IDTokenUnreadable, tenant, "The id_token cannot be read.", nil)
	}
	return claims.check(tenant, want, c.now())
}

// verifySignature lets go-oidc check signature, algorithm, issuer and audience.
// Times are checked by idClaims.check, which allows for skew on both ends.
func (c *Client) verifySignature(ctx context.Context, tenant sam.TenantID, raw sam.Secret) (*oidc.IDToken, error) {
	keys := &noticing{keys: c.keysOf(tenant)}
	verifier := oidc.NewVerifier(c.cloud.IssuerOf(tenant), keys, &oidc.Config{
		ClientID:             string(c.app),
		SupportedSigningAlgs: []string{oidc.RS256},
		SkipExpiryCheck:      true,
	})
	token, err := verifier.Verify(ctx, raw.Reveal())
	switch {
	case err == nil:
		return token, nil
	case keys.unreachable:
		p := refusedIDToken(IDTokenKeys, tenant, "The signing keys of the tenant could not be fetched.", err)
		p.Class = retry
		return nil, p
	}
	return nil, refusedIDToken(IDTokenRefused, tenant, "The id_token was not issued by this tenant for this app.", err)
}

// check looks at the claims of a token whose signature, issuer and audience hold.
func (i idClaims) check(tenant sam.TenantID, want IDTokenExpectation, now time.Time) (Identity, error) {
	expires, notBefore := i.Expires.epoch(), i.NotBefore.epoch()
	switch {
	case i.Tenant == "" || !strings.EqualFold(i.Tenant, string(tenant)):
		return Identity{}, refusedIDToken(IDTokenTenant, tenant, "The id_token names another tenant.", nil)
	case expires.IsZero() || now.After(expires.Add(skew)) || now.Before(notBefore.Add(-skew)):
		return Identity{}, refusedIDToken(IDTokenTime, tenant, "The id_token is expired or not yet valid.", nil)
	case want.Nonce == "" || subtle.ConstantTimeCompare([]byte(i.Nonce), []byte(want.Nonce)) != 1:
		return Identity{}, refusedIDToken(IDTokenNonce, tenant, "The id_token belongs to another sign-in.", nil)
	case i.CodeHash != "" && !want.Code.Empty() && !hashMatches(i.CodeHash, want.Code):
		return Identity{}, refusedIDToken(IDTokenCodeHash, tenant, "The id_token belongs to another authorization code.", nil)
	}
	object, err := sam.ParseObjectID(i.Object)
	if err != nil {
		return Identity{}, refusedIDToken(IDTokenUnreadable, tenant, "The id_token names no account.", err)
	}
	upn := i.PreferredUsername
	if upn == "" {
		upn = i.UPN
	}
	return Identity{Tenant: tenant, Object: object, UPN: display(upn), Name: display(i.Name)}, nil
}

// hashMatches compares c_hash: base64url of the left half of the code's SHA-256.
func hashMatches(hash string, code sam.Secret) bool {
	sum := sha256.Sum256([]byte(code.Reveal()))
	return subtle.ConstantTimeCompare([]byte(hash), []byte(base64.RawURLEncoding.EncodeToString(sum[:16]))) == 1
}

func refusedIDToken(code string, tenant sam.TenantID, plain string, err error) *sam.Problem {
	return &sam.Problem{
		Op: "check the id_token", Tenant: tenant, Class: reconsent, Code: code, Err: err,
		Plain: plain, Fix: "Start again from the consent page, with an account of the partner tenant.",
	}
}
