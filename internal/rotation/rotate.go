package rotation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

const (
	// leaseTTL is the longest a blob lease can last; it is renewed before the
	// write, which is the one step that must not be done twice at once.
	leaseTTL = 60 * time.Second
	// tidying bounds each of the acts that must happen although the caller has
	// gone: the record of what was done, and the release.
	tidying = 15 * time.Second
)

// Rotate renews the token of one connection if it is due, or with force
// without asking the schedule. A connection that an operator switched off is
// left alone in any case. The error is the Err of a Failed result.
func (r *Rotator) Rotate(ctx context.Context, conn sam.ConnectionID, force bool) (Result, error) {
	held, err := r.Locks.Acquire(ctx, "rotate-"+string(conn), leaseTTL)
	if errors.Is(err, lease.ErrHeld) {
		return Result{Connection: conn, State: Held, Reason: "another rotation of this connection is under way"}, nil
	}
	if err != nil {
		err = fmt.Errorf("take the lease of connection %s: %w", conn, err)
		return Result{Connection: conn, State: Failed, Reason: err.Error(), Err: err}, err
	}
	defer release(ctx, held)
	a := &attempt{Rotator: r, conn: conn, lease: held, reference: rand.Text()[:12], began: r.Now()}
	result := a.run(ctx, force)
	if result.State == Failed {
		return result, result.Err
	}
	return result, nil
}

// release lets go of the lease although ctx may be over. Should it fail, the
// lease ends by itself.
func release(ctx context.Context, l Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidying)
	defer cancel()
	_ = l.Release(ctx)
}

// attempt is one rotation of one connection, under its lease.
type attempt struct {
	*Rotator
	conn      sam.ConnectionID
	lease     Lease
	reference string // joins the audit rows
	began     time.Time

	row     ledger.Connection // status as of the start; ID only when there was none
	hadRow  bool
	current vault.Version   // the current version as of the start
	known   []vault.Version // all versions as of the start, newest first
	base    vault.Version   // the version to start from: current, as a rule
	written vault.Version   // the new version
	proof   entra.Tokens    // what the last redemption of a stored version brought
}

// run goes through the steps of doc.go.
func (a *attempt) run(ctx context.Context, force bool) Result {
	if err := a.read(ctx); err != nil {
		return a.failed(ctx, err)
	}
	verdict := Due(a.began, a.row)
	if !verdict.Due && (!force || a.row.Disabled) {
		return Result{Connection: a.conn, State: NotDue, Reason: verdict.Reason, Next: verdict.Next, From: a.current.ID}
	}
	if err := a.intend(ctx); err != nil {
		return a.failed(ctx, err)
	}
	next, err := a.renew(ctx)
	if errors.Is(err, errNoNewToken) {
		return a.kept(ctx, err)
	}
	if err != nil {
		return a.failed(ctx, err)
	}
	if err := a.write(ctx, next); err != nil {
		return a.unwritten(ctx, err)
	}
	if err := a.prove(ctx); err != nil {
		return a.failed(ctx, err)
	}
	return a.rotated(ctx, verdict)
}

// read looks at the vault and the ledger again, now that the lease is held.
func (a *attempt) read(ctx context.Context) error {
	row, err := a.Ledger.Connection(ctx, a.conn)
	if err != nil && !errors.Is(err, ledger.ErrAbsent) {
		return fmt.Errorf("read the status of connection %s: %w", a.conn, err)
	}
	a.hadRow = err == nil
	a.row = row
	a.row.ID = a.conn
	current, err := a.Vault.Current(ctx, a.conn)
	if err != nil {
		return fmt.Errorf("read the current token of connection %s: %w", a.conn, err)
	}
	if a.known, err = a.Vault.Versions(ctx, a.conn); err != nil {
		return fmt.Errorf("list the versions of connection %s: %w", a.conn, err)
	}
	a.current = current
	a.complete(&a.row)
	if a.base, err = a.start(ctx); err != nil {
		return err
	}
	return a.checkOwner()
}

// start reads the version to renew: the current one, as a rule.
func (a *attempt) start(ctx context.Context) (vault.Version, error) {
	best := a.newestGrant()
	if best.ID == a.current.ID {
		return a.current, nil
	}
	base, err := a.Vault.At(ctx, a.conn, best.ID)
	if err != nil {
		return vault.Version{}, fmt.Errorf("read version %s of the newer consent of connection %s: %w", best.ID, a.conn, err)
	}
	return base, nil
}

// complete fills in what the row does not say but the vault knows: all of it
// when the row was lost.
func (a *attempt) complete(row *ledger.Connection) {
	v := a.current
	row.Kind = firstOf(row.Kind, v.Kind, sam.PartnerConnection)
	row.UPN = firstOf(row.UPN, v.UPN)
	row.App = firstOf(row.App, v.App)
	row.Cloud = firstOf(row.Cloud, v.Cloud)
	if !a.hadRow {
		row.Version, row.RedeemedAt, row.Expires = v.ID, v.RedeemedAt, v.Expires
		row.MFA = slices.Contains(v.AMR, "mfa")
	}
}
