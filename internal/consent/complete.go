package consent

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Complete takes the answer of the identity provider, checks everything, and
// stores the refresh token. Its errors are *Refusal; each means that nothing
// was stored.
func (f *Flow) Complete(ctx context.Context, cb Callback) (Receipt, error) {
	reference := newReference()
	receipt, err := f.complete(ctx, reference, cb)
	if err != nil {
		return Receipt{}, stamped(reference, err)
	}
	return receipt, nil
}

func (f *Flow) complete(ctx context.Context, reference string, cb Callback) (Receipt, error) {
	got, err := readCallback(cb, f.ResponseMode)
	if err != nil {
		return Receipt{}, err
	}
	a, err := f.recognise(ctx, cb.Cookie, got.state)
	if err != nil {
		return Receipt{}, err
	}
	if err := f.consume(ctx, a); err != nil {
		return Receipt{}, err
	}
	// The code can be redeemed once, so from here on a browser that hangs up
	// must not stop us half way.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishing)
	defer cancel()
	g, err := f.redeem(ctx, a, got.code)
	if err != nil {
		f.recordRefused(ctx, a.Tenant, reference, err)
		return Receipt{}, err
	}
	return f.keep(ctx, reference, g)
}

// recognise opens the cookie and checks that this browser asked for this state.
func (f *Flow) recognise(ctx context.Context, cookie, state string) (attempt, error) {
	if cookie == "" {
		return attempt{}, refuse(http.StatusBadRequest,
			"This browser sent no consent cookie: it did not start this sign-in, or it blocks cookies.",
			"Start the consent again and finish it in the same browser, with cookies allowed for this site.")
	}
	seals, err := f.sealer(ctx)
	if err != nil {
		return attempt{}, err
	}
	a, err := seals.open(cookie)
	if err != nil {
		r := refuse(http.StatusBadRequest, "The consent cookie of this browser cannot be read.", startAgain)
		r.Err = err
		return attempt{}, r
	}
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) != 1 {
		return attempt{}, refuse(http.StatusBadRequest,
			"This answer belongs to another sign-in than the one this browser started last.",
			"Start the consent again, in one window only.")
	}
	if a.expired(f.Now()) {
		return attempt{}, refuse(http.StatusBadRequest, tookTooLong, startAgain)
	}
	return a, nil
}

// consume uses up the state: of all callers with the same one, one gets past.
func (f *Flow) consume(ctx context.Context, a attempt) error {
	row, err := f.Ledger.ConsumeState(ctx, a.State, f.Now())
	if err != nil {
		return fromState(fmt.Errorf("consume the state of a consent for tenant %s: %w", a.Tenant, err))
	}
	if row.Tenant != a.Tenant {
		return refuse(http.StatusBadRequest, "This answer belongs to a sign-in for another tenant.", startAgain)
	}
	_, err = f.chooseTenant(a.Tenant) // the list may have changed since Start
	return err
}

// grant is a checked sign-in: all that is stored, and nothing unchecked.
type grant struct {
	kind       sam.Kind
	connection sam.ConnectionID
	identity   entra.Identity
	evidence   entra.Evidence
	refresh    sam.Secret
}

// redeem turns the code into a grant.
func (f *Flow) redeem(ctx context.Context, a attempt, code sam.Secret) (grant, error) {
	tokens, err := f.SignIn.RedeemCode(ctx, entra.CodeRequest{
		Tenant:      a.Tenant,
		Code:        code,
		Verifier:    a.Verifier,
		RedirectURI: f.RedirectURI,
		Scope:       entra.HomeScope(f.Cloud, f.kindOf(a.Tenant)),
	})
	if err != nil {
		return grant{}, fromRedemption(fmt.Errorf("redeem the code of tenant %s: %w", a.Tenant, err))
	}
	identity, err := f.SignIn.VerifyIDToken(ctx, tokens.ID, entra.IDTokenExpectation{
		Nonce: a.Nonce, Tenants: []sam.TenantID{a.Tenant},
	})
	if err != nil {
		return grant{}, fmt.Errorf("verify the id token of tenant %s: %w", a.Tenant, err)
	}
	evidence, err := f.checkGrant(a.Tenant, identity, tokens)
	if err != nil {
		return grant{}, err
	}
	return grant{
		kind:       f.kindOf(a.Tenant),
		connection: sam.NewConnectionID(identity.Tenant, identity.Object),
		identity:   identity, evidence: evidence, refresh: tokens.Refresh,
	}, nil
}

// recordRefused notes a refusal after a genuine sign-in, so that its reference
// number leads somewhere. It is a courtesy: the refusal stands without it.
func (f *Flow) recordRefused(ctx context.Context, tenant sam.TenantID, reference string, cause error) {
	r := stamped(reference, cause)
	_ = f.Ledger.Record(ctx, ledger.Audit{
		At: f.Now(), Action: action, Phase: ledger.PhaseOutcome, Subject: string(tenant),
		Result: "refused", Detail: r.Plain, Reference: reference,
	})
}
