package rotation

import (
	"context"
	"fmt"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// renew redeems the current token and makes the version to be written.
func (a *attempt) renew(ctx context.Context) (vault.Version, error) {
	at := a.Now() // before the request, so that the expiry is never late
	tokens, err := a.redeemBest(ctx)
	if err != nil {
		return vault.Version{}, err
	}
	evidence, err := a.check(tokens)
	if err != nil {
		return vault.Version{}, err
	}
	if tokens.Refresh.Empty() {
		return vault.Version{}, errNoNewToken
	}
	return vault.Version{
		Connection: a.conn,
		Token:      tokens.Refresh,
		UPN:        firstOf(evidence.UPN, a.base.UPN),
		Kind:       firstOf(a.base.Kind, sam.PartnerConnection),
		App:        a.App,
		Cloud:      a.Cloud.Name,
		Source:     vault.SourceRotation,
		Grant:      a.grantOf(a.base),
		AMR:        evidence.AMR,
		RedeemedAt: at,
	}, nil
}

// redeemBest redeems the token to start from. If that one is refused for good and
// was never more than an unproved rotation's, the version before it gets its
// chance: that is what it is kept for. A consent's token has no such stand-in,
// since an older grant must not take the place of a newer one.
func (a *attempt) redeemBest(ctx context.Context) (entra.Tokens, error) {
	tokens, err := a.redeem(ctx, a.base.Token)
	if err == nil || !refusedForGood(err) || a.base.Source != vault.SourceRotation {
		return tokens, err
	}
	previous, ok := a.previous()
	if !ok {
		return tokens, err
	}
	old, readErr := a.Vault.At(ctx, a.conn, previous.ID)
	if readErr != nil {
		return tokens, err
	}
	again, oldErr := a.redeem(ctx, old.Token)
	if oldErr != nil {
		return tokens, err
	}
	a.base = old
	return again, nil
}

// redeem asks the connection's own tenant for a token of the resource that its
// kind signs in for.
func (a *attempt) redeem(ctx context.Context, token sam.Secret) (entra.Tokens, error) {
	tokens, err := a.Redeemer.Redeem(ctx, entra.RefreshRequest{
		Tenant:       a.conn.Tenant(),
		Home:         a.conn.Tenant(),
		RefreshToken: token,
		Scope:        entra.HomeScope(a.Cloud, a.row.Kind),
	})
	if err != nil {
		return entra.Tokens{}, fmt.Errorf("redeem the token of connection %s: %w", a.conn, err)
	}
	return tokens, nil
}

func firstOf[T ~string](values ...T) T {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
