package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// intend writes the audit intent. Without it nothing may be done.
func (a *attempt) intend(ctx context.Context) error {
	err := a.audit(ctx, ledger.PhaseIntent, "", "renew the token of version "+a.current.ID)
	if err != nil {
		return fmt.Errorf("write the audit intent for connection %s: %w", a.conn, err)
	}
	return nil
}

// rotated ends a complete rotation. Old versions are retired only when the
// outcome is on record, and a status that cannot be written only means that
// the next sweep rotates once more.
func (a *attempt) rotated(caller context.Context, v Verdict) Result {
	ctx, cancel := aftermath(caller)
	defer cancel()
	a.Stored(a.conn)
	err := a.audit(ctx, ledger.PhaseOutcome, string(Rotated), "version "+a.written.ID+" replaces "+a.base.ID+" and was redeemed")
	if err == nil {
		err = a.retire(ctx)
	}
	now := a.Now()
	row := a.row
	row.RotatedAt, row.RedeemedAt, row.Expires = now, a.written.RedeemedAt, a.written.Expires
	row.Version = a.written.ID
	a.settle(&row, now)
	err = errors.Join(err, a.save(ctx, row), a.askPartnerCenter(caller))
	return Result{
		Connection: a.conn, State: Rotated, Reason: v.Reason,
		From: a.base.ID, To: a.written.ID, Expires: a.written.Expires,
		Next: now.Add(Interval + Jitter(a.conn)), Err: err,
	}
}

// settle marks the row as proved at now and without a problem. That Partner
// Center refuses the sign-in is not mended by Entra's accepting it: only Partner
// Center's own word ends that.
func (a *attempt) settle(row *ledger.Connection, now time.Time) {
	row.ProvedAt, row.MFA = now, true
	row.App, row.Cloud = a.App, a.Cloud.Name
	row.Attempts, row.NextAttempt = 0, time.Time{}
	if a.PartnerCenter != nil && refusedByPartnerCenter(*row) {
		row.NextAttempt = now.Add(Probe)
		return
	}
	row.Problem, row.BrokenAt = nil, time.Time{}
}

// kept ends a redemption that worked and brought no new token: the old one is
// proved, stays where it is, and somebody is told.
func (a *attempt) kept(ctx context.Context, cause error) Result {
	ctx, cancel := aftermath(ctx)
	defer cancel()
	err := a.audit(ctx, ledger.PhaseOutcome, string(Kept), "no new token came; version "+a.base.ID+" works and stays")
	now := a.Now()
	row := a.row
	a.settle(&row, now)
	row.Version, row.RedeemedAt, row.Expires = a.base.ID, a.base.RedeemedAt, a.base.Expires
	a.blame(ctx, &row, now, sam.AsProblem(cause))
	return Result{
		Connection: a.conn, State: Kept, Reason: row.Problem.Plain, From: a.base.ID,
		Next: row.NextAttempt, Err: errors.Join(err, a.save(ctx, row)),
	}
}

// unwritten ends a rotation whose write did not take place, or did not stay.
// That somebody else was faster is no failure of the connection.
func (a *attempt) unwritten(ctx context.Context, err error) Result {
	state := Overtaken
	switch {
	case errors.Is(err, lease.ErrLost):
		state = Held
	case !errors.Is(err, errOvertaken):
		return a.failed(ctx, err)
	}
	ctx, cancel := aftermath(ctx)
	defer cancel()
	a.Stored(a.conn)
	return Result{
		Connection: a.conn, State: state, Reason: err.Error(), From: a.current.ID,
		Err: a.audit(ctx, ledger.PhaseOutcome, string(state), "nothing was written, or it was withdrawn"),
	}
}

// failed records a failure and when to try again. A caller that went away is
// no failure of the connection: nothing is counted against it. A connection
// that exists neither in the vault nor in the ledger gets no row.
func (a *attempt) failed(ctx context.Context, cause error) Result {
	result := Result{Connection: a.conn, State: Failed, Reason: cause.Error(), From: a.current.ID, Err: cause}
	if ctx.Err() != nil || !a.hadRow && errors.Is(cause, vault.ErrAbsent) {
		return result
	}
	ctx, cancel := aftermath(ctx)
	defer cancel()
	if a.written.ID != "" {
		a.Stored(a.conn)
	}
	p := sam.AsProblem(cause)
	if p == nil {
		p = &sam.Problem{
			Class: sam.ClassRetry, Code: "unexpected",
			Plain: "Rotation stopped at an unexpected failure.",
			Fix:   "Nothing, if it passes; otherwise look up the reference " + a.reference + " in the log.",
		}
	}
	err := a.audit(ctx, ledger.PhaseOutcome, string(Failed), string(p.Class)+" "+p.Code+" "+p.RequestID)
	row := a.row
	row.MFA = row.MFA && p.Code != codeNoMFA
	a.blame(ctx, &row, a.Now(), p)
	result.Next = row.NextAttempt
	result.Err = errors.Join(cause, err, a.save(ctx, row))
	return result
}

// blame puts a problem on the row, plans the next attempt, and raises the
// problem once if only a person can end it.
func (a *attempt) blame(ctx context.Context, row *ledger.Connection, now time.Time, p *sam.Problem) {
	old := row.Problem
	if old == nil {
		old = a.row.Problem
	}
	row.Attempts = a.row.Attempts + 1
	row.NextAttempt = nextAttempt(now, row.Attempts, p)
	breaks, broken := serving.Breaks(p.Class, p.Code), old != nil && serving.Breaks(old.Class, old.Code)
	if broken && p.Class == sam.ClassRetry {
		row.Problem = old // an outage on top does not hide that a person is needed
		return
	}
	row.Problem = &ledger.ConnectionProblem{
		Class: p.Class, Code: p.Code, Plain: p.Plain, Fix: a.fix(p), RequestID: p.RequestID, Since: now,
	}
	switch {
	case old != nil && (old.Class == p.Class && old.Code == p.Code || p.Class == sam.ClassRetry), broken && breaks:
		// The same again, or an outage on top of whatever is wrong already: told once.
		row.Problem.Since, row.Problem.Raised = old.Since, old.Raised
	case breaks && !row.BrokenAt.IsZero():
		row.Problem.Since, row.Problem.Raised = row.BrokenAt, true
	}
	if breaks && row.BrokenAt.IsZero() {
		row.BrokenAt = now
	}
	if p.Class != sam.ClassRetry && !row.Problem.Raised {
		row.Problem.Raised = a.Raise(ctx, *row) == nil
	}
}

// fix adds where to sign in again.
func (a *attempt) fix(p *sam.Problem) string {
	if p.Class != sam.ClassReconsent || a.ConsentURL == "" {
		return p.Fix
	}
	return p.Fix + " The consent page: " + a.ConsentURL + "?tenant=" + string(a.conn.Tenant())
}

// save writes the status, unless a consent has written a newer one meanwhile.
func (a *attempt) save(ctx context.Context, row ledger.Connection) error {
	now, err := a.Ledger.Connection(ctx, a.conn)
	if err != nil && !errors.Is(err, ledger.ErrAbsent) {
		return fmt.Errorf("read the status of connection %s again: %w", a.conn, err)
	}
	if !now.ConsentedAt.Equal(a.row.ConsentedAt) {
		return nil
	}
	row.Disabled, row.Primary = now.Disabled, now.Primary // an operator may have changed them meanwhile
	if err := a.Ledger.PutConnection(ctx, row); err != nil {
		return fmt.Errorf("write the status of connection %s: %w", a.conn, err)
	}
	return nil
}

func (a *attempt) audit(ctx context.Context, phase, result, detail string) error {
	return a.Ledger.Record(ctx, ledger.Audit{
		At: a.Now(), Action: "rotate", Phase: phase, Subject: string(a.conn),
		Result: result, Detail: detail, Reference: a.reference,
	})
}

// aftermath is the time in which a finished act is recorded although the
// caller may have gone.
func aftermath(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), tidying)
}
