package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

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

// aftermath is the time in which something is finished although the caller may
// have gone.
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
