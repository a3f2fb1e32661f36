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

// release lets go of the lease although ctx may be over.
func (a *attempt) release(ctx context.Context) {
	ctx, cancel := aftermath(ctx)
	defer cancel()
	_ = a.lease.Release(ctx) // should it fail, the lease ends by itself
}
