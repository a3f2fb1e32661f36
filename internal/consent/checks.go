package consent

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// checkGrant decides about a redeemed and verified sign-in: account, guest,
// MFA evidence, refresh token. It returns the evidence.
func (f *Flow) checkGrant(tenant sam.TenantID, id entra.Identity, t entra.Tokens) (entra.Evidence, error) {
	if id.Tenant != tenant {
		return entra.Evidence{}, refuse(http.StatusForbidden,
			"The account belongs to another tenant than the one this consent was started for.",
			"Sign in with an account of that tenant itself.")
	}
	ev, err := entra.Inspect(t.Access)
	if err != nil {
		return entra.Evidence{}, &Refusal{
			Status: http.StatusBadGateway,
			Plain:  "The access token cannot be read, so there is no proof of multi-factor authentication.",
			Fix:    startAgain, Err: err,
		}
	}
	checks := []error{
		f.checkGuest(id, ev, t),
		f.checkAccount(id),
		f.checkEvidence(id, ev),
		checkRefresh(t),
	}
	for _, err := range checks {
		if err != nil {
			return entra.Evidence{}, err
		}
	}
	return ev, nil
}

// checkAccount compares object id and user principal name with the allow-list.
func (f *Flow) checkAccount(id entra.Identity) error {
	allowed := slices.ContainsFunc(f.Accounts, func(a string) bool {
		a = strings.TrimSpace(a)
		return a != "" && (strings.EqualFold(a, string(id.Object)) || strings.EqualFold(a, id.UPN))
	})
	if allowed {
		return nil
	}
	return refuse(http.StatusForbidden,
		"This account is not on the list of accounts that may consent.",
		"Sign in with the integration account, or ask the operator to add this one to SAMKEEPER_CONSENT_ACCOUNTS.")
}

// checkGuest refuses accounts of other directories: a guest's grant obeys the
// policies and revocations of its home, not of this tenant, and cannot enter
// customer tenants (AADSTS50020).
func (f *Flow) checkGuest(id entra.Identity, ev entra.Evidence, t entra.Tokens) error {
	if isExternal(id.UPN) || isExternal(ev.UPN) || f.foreignIDP(id.Tenant, t.ID) || f.foreignIDP(id.Tenant, t.Access) {
		return refuse(http.StatusForbidden,
			"This account is a guest in the tenant.",
			"Sign in with an account that lives in that tenant itself.")
	}
	return nil
}

// isExternal recognises the name Entra gives a guest object.
func isExternal(upn string) bool { return strings.Contains(strings.ToUpper(upn), "#EXT#") }

// foreignIDP reports whether the token names an identity provider other than
// its own tenant. The claim is absent where the two are the same.
func (f *Flow) foreignIDP(tenant sam.TenantID, token sam.Secret) bool {
	idp := identityProvider(token)
	own := []string{"", f.Cloud.STSIssuerOf(tenant), f.Cloud.IssuerOf(tenant)}
	return !slices.Contains(own, idp)
}

// identityProvider reads the idp claim of a token whose signature, or whose
// sender, was checked before; "" when there is none.
func identityProvider(token sam.Secret) string {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return ""
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		IDP string `json:"idp"`
	}
	_ = json.Unmarshal(body, &claims) // unreadable means none; Inspect and VerifyIDToken refuse it elsewhere
	return claims.IDP
}

// checkEvidence compares the access token with the verified identity and asks
// for MFA. Partner Center demands it of partners; for a customer's own
// connection we do, since what is stored opens its tenant all the same.
func (f *Flow) checkEvidence(id entra.Identity, ev entra.Evidence) error {
	switch {
	case ev.Tenant != id.Tenant || ev.Object != id.Object:
		return f.mismatch("another account than the one that signed in")
	case ev.App != f.App:
		return f.mismatch("another application than this one")
	case !entra.ForHome(f.Cloud, f.kindOf(id.Tenant), ev.Audience):
		return f.mismatch("another service than the one that was asked for")
	case !ev.Expires.After(f.Now()):
		return f.mismatch("a time that is over")
	case !ev.MFA():
		return refuse(http.StatusForbidden,
			"The sign-in was made without multi-factor authentication.",
			"Make the tenant require MFA for this account (security defaults or Conditional Access), then start the consent again.")
	}
	return nil
}

func (f *Flow) mismatch(of string) error {
	return refuse(http.StatusForbidden, "The access token that came with the sign-in is for "+of+".", startAgain)
}

// checkRefresh wants the one thing all of this is for.
func checkRefresh(t entra.Tokens) error {
	if !t.Refresh.Empty() {
		return nil
	}
	return refuse(http.StatusBadGateway,
		"The sign-in brought no refresh token: the permission offline_access was not granted.",
		"Grant offline_access to the app registration, then start the consent again.")
}
