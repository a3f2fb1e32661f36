package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// errOvertaken: while we were rotating somebody else stored a token, as a rule
// a consent. That token stays.
var errOvertaken = errors.New("another version was stored during the rotation; it stays")

// write puts next on top of the version it came from: only while the lease is
// ours and the vault still shows that version, and not past a consent.
func (a *attempt) write(ctx context.Context, next vault.Version) error {
	if err := a.lease.Renew(ctx); err != nil {
		return fmt.Errorf("keep the lease of connection %s until the write: %w", a.conn, err)
	}
	now, err := a.Vault.Current(ctx, a.conn)
	if err != nil {
		return fmt.Errorf("look at the vault before the write for connection %s: %w", a.conn, err)
	}
	if now.ID != a.current.ID {
		return errOvertaken
	}
	put, err := a.Vault.Put(ctx, next)
	if err != nil {
		return fmt.Errorf("store the new token of connection %s: %w", a.conn, err)
	}
	back, err := a.Vault.At(ctx, a.conn, put.ID)
	if err != nil {
		return fmt.Errorf("read back version %s of connection %s: %w", put.ID, a.conn, err)
	}
	if !back.Token.Equal(next.Token) {
		err := fmt.Errorf("version %s of connection %s reads back as something else", put.ID, a.conn)
		return errors.Join(err, a.withdraw(ctx, put.ID))
	}
	a.written = back
	return a.giveWay(ctx)
}

// giveWay closes, as far as it can be closed, the gap between the last look
// and the write: if a consent fell into it, our version is disabled, which
// makes the consent's the current one again.
func (a *attempt) giveWay(ctx context.Context) error {
	versions, err := a.Vault.Versions(ctx, a.conn)
	if err != nil {
		return fmt.Errorf("list the versions of connection %s after the write: %w", a.conn, err)
	}
	landed := slices.ContainsFunc(versions, func(v vault.Version) bool {
		return v.Source == vault.SourceConsent && !a.knew(v.ID)
	})
	if !landed {
		return nil
	}
	now, err := a.Vault.Current(ctx, a.conn)
	if err != nil {
		return fmt.Errorf("see which version of connection %s is current: %w", a.conn, err)
	}
	if now.ID != a.written.ID {
		return errOvertaken
	}
	if err := a.Vault.Disable(ctx, a.conn, a.written.ID); err != nil {
		return fmt.Errorf("give way to the newer consent of connection %s: %w", a.conn, err)
	}
	return errOvertaken
}

func (a *attempt) knew(id string) bool {
	return slices.ContainsFunc(a.known, func(v vault.Version) bool { return v.ID == id })
}

// prove redeems the token as the vault gives it back. A new token that is
// refused for good is taken out of use if the old one still works, so that the
// customers' work goes on; if the old one is refused as well, the grant has
// ended and the old one's refusal is the truth.
func (a *attempt) prove(ctx context.Context) error {
	err := a.redeemAndCheck(ctx, a.written.Token)
	if err == nil || !refusedForGood(err) {
		return err
	}
	if oldErr := a.redeemAndCheck(ctx, a.base.Token); oldErr != nil {
		return oldErr
	}
	return &sam.Problem{
		Op: "prove the new token of connection " + string(a.conn), Tenant: a.conn.Tenant(),
		Class: sam.ClassRetry, Code: "new_token_refused",
		Plain: "The new refresh token was refused while the old one still works; the old one is in use again.",
		Fix:   "Nothing: the next rotation tries again.",
		Err:   errors.Join(err, a.withdraw(ctx, a.written.ID)),
	}
}

func (a *attempt) redeemAndCheck(ctx context.Context, token sam.Secret) error {
	tokens, err := a.redeem(ctx, token)
	if err != nil {
		return err
	}
	a.proof = tokens
	_, err = a.check(tokens)
	return err
}

// withdraw takes a bad version out of use, which makes the one below current
// again: it worked moments ago.
func (a *attempt) withdraw(ctx context.Context, bad string) error {
	if err := a.Vault.Disable(ctx, a.conn, bad); err != nil {
		return fmt.Errorf("disable the bad version %s of connection %s: %w", bad, a.conn, err)
	}
	return nil
}

// retire disables what lies below the version that the new one replaced. Two
// stay enabled: the new one and the one that it came from.
func (a *attempt) retire(ctx context.Context) error {
	below := slices.IndexFunc(a.known, func(v vault.Version) bool { return v.ID == a.base.ID }) + 1
	var errs []error
	for _, v := range a.known[below:] {
		if !v.Enabled || below == 0 {
			continue
		}
		if err := a.Vault.Disable(ctx, a.conn, v.ID); err != nil {
			errs = append(errs, fmt.Errorf("disable version %s of connection %s: %w", v.ID, a.conn, err))
		}
	}
	return errors.Join(errs...)
}
