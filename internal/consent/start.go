package consent

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Start begins a consent for tenant ("" means the first allowed one). It
// checks first that the vault can take the token, so that nobody signs in for
// nothing. Its errors are *Refusal.
func (f *Flow) Start(ctx context.Context, tenant sam.TenantID) (Redirect, error) {
	redirect, err := f.start(ctx, tenant)
	if err != nil {
		return Redirect{}, stamped(newReference(), err)
	}
	return redirect, nil
}

func (f *Flow) start(ctx context.Context, tenant sam.TenantID) (Redirect, error) {
	tenant, err := f.chooseTenant(tenant)
	if err != nil {
		return Redirect{}, err
	}
	if err := f.Vault.Preflight(ctx); err != nil {
		return Redirect{}, fmt.Errorf("check the vault before a consent for tenant %s: %w", tenant, err)
	}
	seals, err := f.sealer(ctx)
	if err != nil {
		return Redirect{}, err
	}
	now := f.Now()
	a := newAttempt(tenant, now)
	state := ledger.ConsentState{ID: a.State, CreatedAt: now, ExpiresAt: time.Unix(a.Expires, 0), Tenant: tenant}
	if err := f.Ledger.PutState(ctx, state); err != nil {
		return Redirect{}, fmt.Errorf("write the state of a consent for tenant %s: %w", tenant, err)
	}
	sealed, err := seals.seal(a)
	if err != nil {
		return Redirect{}, err
	}
	return Redirect{URL: f.signInAddress(a), Cookie: newCookie(sealed)}, nil
}

// chooseTenant applies the default and the allow-list.
func (f *Flow) chooseTenant(t sam.TenantID) (sam.TenantID, error) {
	if t == "" && len(f.Tenants) > 0 {
		return f.Tenants[0], nil
	}
	if !slices.Contains(f.Tenants, t) && !slices.Contains(f.Direct, t) {
		return "", refuse(http.StatusForbidden,
			"This installation does not accept consents of that tenant.",
			"Ask the operator to add the tenant to SAMKEEPER_PARTNER_TENANTS, or to SAMKEEPER_DIRECT_TENANTS if it is a customer's own, or choose another one.")
	}
	return t, nil
}

// kindOf is what a consent of the tenant makes. A tenant on both lists is a
// partner's.
func (f *Flow) kindOf(t sam.TenantID) sam.Kind {
	if slices.Contains(f.Direct, t) && !slices.Contains(f.Tenants, t) {
		return sam.DirectConnection
	}
	return sam.PartnerConnection
}

// sealer is made of the vault's keys of this moment: nothing is kept, so that a
// key that was disabled is out of use at once.
func (f *Flow) sealer(ctx context.Context) (keyring, error) {
	keys, err := f.Vault.StateKeys(ctx, Lifetime)
	if err != nil {
		return nil, fmt.Errorf("read the state key: %w", err)
	}
	return newKeyring(keys)
}

func newAttempt(tenant sam.TenantID, now time.Time) attempt {
	return attempt{
		State:    random32(),
		Nonce:    random32(),
		Verifier: sam.NewSecret(oauth2.GenerateVerifier()),
		Tenant:   tenant,
		Expires:  now.Add(Lifetime).Unix(),
	}
}

// random32 is 32 random bytes as 43 characters of base64url.
func random32() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// signInAddress is the authorize URL. It asks for fresh proof of identity
// (prompt=login) instead of a remembered session that may predate the MFA policy.
func (f *Flow) signInAddress(a attempt) string {
	return f.SignIn.AuthorizeURL(entra.AuthorizeRequest{
		Tenant:       a.Tenant,
		RedirectURI:  f.RedirectURI,
		State:        a.State,
		Nonce:        a.Nonce,
		Challenge:    oauth2.S256ChallengeFromVerifier(a.Verifier.Reveal()),
		ResponseMode: f.ResponseMode,
		Scope:        entra.HomeScope(f.Cloud, f.kindOf(a.Tenant)),
	})
}
