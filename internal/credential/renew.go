package credential

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

const (
	leaseTTL = 60 * time.Second
	// perCredential bounds one tick.
	perCredential = 4 * time.Minute
	// tidying bounds what must be finished although the caller has gone.
	tidying = 15 * time.Second
	// maxSteps bounds one tick; make, list, prove and settle are four.
	maxSteps = 6
)

// Result is what became of one credential in one tick.
type Result struct {
	Credential Credential
	Done       []Step    // in order; empty when nothing was due
	Reason     string    // of the last verdict
	Next       time.Time // when there is something to do again; zero if unknown
	Held       bool      // somebody else is at it
	Err        error
}

// Renew does what is due, one credential after the other. What happens to one
// does not touch the others; its failure is in its Result.
func (k *Keeper) Renew(ctx context.Context) []Result {
	results := make([]Result, len(k.Credentials))
	for i, c := range k.Credentials {
		results[i] = k.renew(ctx, c)
	}
	return results
}

func (k *Keeper) renew(ctx context.Context, c Credential) Result {
	ctx, cancel := context.WithTimeout(ctx, perCredential)
	defer cancel()
	held, err := k.Locks.Acquire(ctx, "credential-"+c.Name, leaseTTL)
	if errors.Is(err, lease.ErrHeld) {
		return Result{Credential: c, Held: true, Reason: "another renewal is under way"}
	}
	if err != nil {
		return Result{Credential: c, Err: fmt.Errorf("take the lease of credential %s: %w", c.Name, err)}
	}
	a := &attempt{Keeper: k, what: c, lease: held, reference: rand.Text()[:12]}
	defer a.release(ctx)
	return a.run(ctx)
}

// attempt is one tick of one credential, under its lease.
type attempt struct {
	*Keeper
	what      Credential
	lease     Lease
	reference string // joins the audit rows

	status    Status
	current   vault.Entry
	candidate vault.Entry
	token     *appToken
}

// run decides and acts until nothing is due.
func (a *attempt) run(ctx context.Context) Result {
	result := Result{Credential: a.what}
	a.token = &appToken{signIn: a.SignIn, tenant: a.Tenant}
	for range maxSteps {
		if result.Err = a.readRow(ctx); result.Err != nil {
			return result
		}
		if err := a.read(ctx); err != nil {
			return a.failed(ctx, result, err)
		}
		if !a.Managed {
			return a.watch(ctx, result)
		}
		verdict := Due(a.Now(), a.status)
		result.Reason, result.Next = verdict.Reason, verdict.Next
		if verdict.Step == Idle {
			return result
		}
		again, err := a.act(ctx, verdict)
		if err != nil {
			return a.failed(ctx, result, err)
		}
		if !again.IsZero() {
			result.Reason, result.Next = "Entra does not accept the candidate yet", again
			return result
		}
		result.Done = append(result.Done, verdict.Step)
	}
	return result
}

// readRow reads what the ledger knows. Without it nothing is done: it says what
// has failed already.
func (a *attempt) readRow(ctx context.Context) error {
	row, err := a.Ledger.Credential(ctx, a.what.Name)
	if err != nil && !errors.Is(err, ledger.ErrAbsent) {
		return fmt.Errorf("read the status of credential %s: %w", a.what.Name, err)
	}
	row.Name = a.what.Name
	a.status = Status{Row: row}
	return nil
}

// read finds out where the credential stands in the vault.
func (a *attempt) read(ctx context.Context) error {
	var err error
	if a.current, a.status.Current, err = a.held(ctx, a.what.Name); err != nil {
		return err
	}
	a.status.Row.Expires = a.status.Current.Expires
	a.candidate, a.status.Candidate, err = a.held(ctx, a.what.next())
	return err
}

// held reads one place of the vault. A certificate that cannot be read is
// there, without a known end: it is renewed.
func (a *attempt) held(ctx context.Context, name string) (vault.Entry, Held, error) {
	e, err := a.Vault.Entry(ctx, name)
	if missing(err) {
		return vault.Entry{}, Held{}, nil
	}
	if err != nil {
		return vault.Entry{}, Held{}, fmt.Errorf("read credential %s: %w", name, err)
	}
	h := Held{Version: e.ID, ID: e.Tags[tagKeyID], Expires: e.Expires, Created: e.Created}
	if a.what.Kind == Certificate {
		h.ID, h.Expires = "", time.Time{}
		if c, err := open(e, a.Keys); err == nil {
			h.ID, h.Expires = entra.Thumbprint(c.X509), c.X509.NotAfter
		}
	}
	return e, h, nil
}

// act does one step. A time tells to stop for now and look again then.
func (a *attempt) act(ctx context.Context, v Verdict) (time.Time, error) {
	if v.Step == Prove {
		return a.prove(ctx)
	}
	if err := a.audit(ctx, ledger.PhaseIntent, string(v.Step), v.Reason); err != nil {
		return time.Time{}, err
	}
	if err := a.lease.Renew(ctx); err != nil {
		return time.Time{}, fmt.Errorf("keep the lease of credential %s: %w", a.what.Name, err)
	}
	var err error
	switch v.Step {
	case Make:
		err = a.make(ctx)
	case List:
		err = a.list(ctx)
	case Settle:
		err = a.settle(ctx)
	case Discard:
		err = a.discard(ctx)
	case Tidy:
		err = a.tidy(ctx)
	case Idle, Prove:
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Time{}, a.audit(ctx, ledger.PhaseOutcome, string(v.Step), "done")
}

func (a *attempt) audit(ctx context.Context, phase, result, detail string) error {
	return a.Ledger.Record(ctx, ledger.Audit{
		At: a.Now(), Action: "app credential", Phase: phase, Subject: "credential " + a.what.Name,
		Result: result, Detail: detail, Reference: a.reference,
	})
}

// save writes the row as it should be after a good step.
func (a *attempt) save(ctx context.Context, change func(*ledger.Credential)) error {
	row := a.status.Row
	row.Attempts, row.NextAttempt, row.Problem = 0, time.Time{}, nil
	change(&row)
	if err := a.Ledger.PutCredential(ctx, row); err != nil {
		return fmt.Errorf("write the status of credential %s: %w", a.what.Name, err)
	}
	return nil
}

// release lets go of the lease although ctx may be over.
func (a *attempt) release(ctx context.Context) {
	ctx, cancel := aftermath(ctx)
	defer cancel()
	_ = a.lease.Release(ctx) // should it fail, the lease ends by itself
}

func aftermath(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), tidying)
}

// watch tells a person of a credential that nobody renews.
func (a *attempt) watch(ctx context.Context, result Result) Result {
	ends, now := a.status.Current.Expires, a.Now()
	if ends.IsZero() || ends.Sub(now) >= renewBefore {
		result.Reason = "not about to end, as far as is known"
		if a.status.Row.Problem != nil {
			result.Err = a.save(ctx, func(*ledger.Credential) {})
		}
		return result
	}
	if now.Before(a.status.Row.NextAttempt) {
		result.Reason, result.Next = "about to end; it was told", a.status.Row.NextAttempt
		return result
	}
	return a.failed(ctx, result, &sam.Problem{
		Op: "watch credential " + a.what.Name, Tenant: a.Tenant, Class: sam.ClassCredential, Code: "credential_ends",
		Plain: fmt.Sprintf("The app's %s (secret %s of the vault) ends on %s.", a.what.Kind, a.what.Name, ends.UTC().Format(time.DateOnly)),
		Fix:   "Renew it on the app registration and in the vault, or set SAMKEEPER_RENEW_APP_CREDENTIAL to true.",
	})
}

// failed records a failure, plans the next attempt and raises it once if it
// needs a person, or if there is little time left.
func (a *attempt) failed(ctx context.Context, result Result, cause error) Result {
	result.Err = cause
	if ctx.Err() != nil {
		return result // the caller went away; nothing is counted against it
	}
	ctx, cancel := aftermath(ctx)
	defer cancel()
	p := sam.AsProblem(cause)
	if p == nil {
		p = &sam.Problem{
			Class: sam.ClassRetry, Code: "unexpected", Plain: "The renewal of the app's credential stopped at an unexpected failure.",
			Fix: "Nothing, if it passes; otherwise look up the reference " + a.reference + " in the log.",
		}
	}
	now, row, old := a.Now(), a.status.Row, a.status.Row.Problem
	row.Attempts++
	row.NextAttempt = nextAttempt(now, row.Attempts, p.RetryAfter)
	row.Problem = &ledger.ConnectionProblem{Class: p.Class, Code: p.Code, Plain: p.Plain, Fix: p.Fix, RequestID: p.RequestID, Since: now}
	if old != nil && old.Class == p.Class && old.Code == p.Code {
		row.Problem.Since, row.Problem.Raised = old.Since, old.Raised
	}
	late := !row.Expires.IsZero() && row.Expires.Sub(now) < urgent
	if (p.Class != sam.ClassRetry || late) && !row.Problem.Raised {
		row.Problem.Raised = a.Raise(ctx, row) == nil
	}
	result.Next = row.NextAttempt
	result.Err = errors.Join(cause,
		a.audit(ctx, ledger.PhaseOutcome, "failed", string(p.Class)+" "+p.Code+" "+p.RequestID),
		a.Ledger.PutCredential(ctx, row))
	return result
}
