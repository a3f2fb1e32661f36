package consent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// action names the consent in audit rows.
const action = "consent"

// keep stores a grant: intent, vault, status, outcome. No intent, no act.
func (f *Flow) keep(ctx context.Context, reference string, g grant) (Receipt, error) {
	if err := f.record(ctx, reference, g, ledger.PhaseIntent, "", "store the first refresh token of a consent"); err != nil {
		return Receipt{}, notStored(fmt.Errorf("write the audit intent: %w", err))
	}
	stored, err := f.store(ctx, g)
	if err != nil {
		after := f.record(ctx, reference, g, ledger.PhaseOutcome, "failed", "the vault did not take the token")
		return Receipt{}, notStored(errors.Join(err, after))
	}
	f.Stored(g.connection)
	primary, unread := f.primary(ctx, g)
	unrecorded := errors.Join(
		unread,
		f.Ledger.PutConnection(ctx, f.row(g, stored, primary)),
		f.record(ctx, reference, g, ledger.PhaseOutcome, "stored", "version "+stored.ID),
	)
	return Receipt{
		Connection: g.connection,
		UPN:        g.identity.UPN, Name: g.identity.Name, Tenant: g.identity.Tenant,
		ValidUntil: stored.Expires, MFA: g.evidence.MFA(),
		Reference: reference, Unrecorded: unrecorded,
	}, nil
}

// store writes the token and reads it back. A version that reads back as
// something else is disabled at once, so that nobody redeems it.
func (f *Flow) store(ctx context.Context, g grant) (vault.Version, error) {
	put, err := f.Vault.Put(ctx, f.version(g))
	if err != nil {
		return vault.Version{}, fmt.Errorf("store the refresh token of %s: %w", g.connection, err)
	}
	back, err := f.Vault.At(ctx, g.connection, put.ID)
	if err != nil {
		return vault.Version{}, fmt.Errorf("read back version %s of %s: %w", put.ID, g.connection, err)
	}
	if !back.Token.Equal(g.refresh) {
		err := fmt.Errorf("version %s of %s reads back as something else", put.ID, g.connection)
		return vault.Version{}, errors.Join(err, f.Vault.Disable(ctx, g.connection, put.ID))
	}
	return back, nil
}

func (f *Flow) version(g grant) vault.Version {
	return vault.Version{
		Connection: g.connection,
		Token:      g.refresh,
		UPN:        g.identity.UPN,
		Kind:       g.kind,
		App:        f.App,
		Cloud:      f.Cloud.Name,
		Source:     vault.SourceConsent,
		AMR:        g.evidence.AMR,
		RedeemedAt: f.Now(),
	}
}

// primary keeps the mark of a connection that is consented again, and gives it
// to the first of its tenant. Later accounts are standbys. When the others
// cannot be read nothing is marked; the order by id holds then.
func (f *Flow) primary(ctx context.Context, g grant) (bool, error) {
	all, err := f.Ledger.Connections(ctx)
	if err != nil {
		return false, fmt.Errorf("see which connection of tenant %s is primary: %w", g.identity.Tenant, err)
	}
	taken := slices.IndexFunc(all, func(c ledger.Connection) bool {
		return c.Primary && c.ID.Tenant() == g.identity.Tenant
	})
	return taken < 0 || all[taken].ID == g.connection, nil
}

// row is a fresh status: whatever problem the connection had ended with the
// grant that it was about. Never proved, it is due for rotation at once.
func (f *Flow) row(g grant, v vault.Version, primary bool) ledger.Connection {
	return ledger.Connection{
		ID: g.connection, Kind: g.kind, Primary: primary,
		UPN: g.identity.UPN, Name: g.identity.Name,
		App: f.App, Cloud: f.Cloud.Name,
		ConsentedAt: v.RedeemedAt, RedeemedAt: v.RedeemedAt, Expires: v.Expires,
		Version: v.ID, MFA: g.evidence.MFA(),
	}
}

func (f *Flow) record(ctx context.Context, reference string, g grant, phase, result, detail string) error {
	return f.Ledger.Record(ctx, ledger.Audit{
		At: f.Now(), Action: action, Phase: phase, Subject: string(g.connection),
		Result: result, Detail: detail, Reference: reference,
	})
}

// notStored words a failure after the code was used up: the person has to sign
// in again whatever the cause.
func notStored(cause error) error {
	r := &Refusal{
		Status: http.StatusServiceUnavailable,
		Plain:  "The sign-in was good, but the token could not be stored safely, so it was dropped.",
		Fix:    "Start the consent again from its first page; if this message comes back, give the reference number to the operator.",
		Err:    cause,
	}
	if p := sam.AsProblem(cause); p != nil {
		r.Status = statusOf(p.Class)
		if p.Fix != "" {
			r.Fix = p.Fix + " Then start the consent again from its first page."
		}
	}
	return r
}
