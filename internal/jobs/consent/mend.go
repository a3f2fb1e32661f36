package consent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// How long a consent may take to spread: it is looked for soon, then after as
// much time again, and not for longer than patience.
const (
	firstLook = 5 * time.Second
	lastLook  = 2 * time.Minute
	patience  = 10 * time.Minute
	// forgotten is when a consent that never proved itself is asked for again.
	forgotten = 24 * time.Hour
)

// mend asks for what is missing, or waits for what was asked for. Its error is a
// Problem, since a gap that was closed just now is not proved yet, or what went
// wrong with the audit trail.
func (t Task) mend(ctx context.Context, v jobs.Visit, g gap, past memory) error {
	last := past.last(g)
	if !last.agreed() || t.now().Sub(last.At) >= forgotten {
		return t.ask(ctx, v, g, last)
	}
	return t.await(v, g, past)
}

// await waits for what Partner Center agreed to, as long as that makes sense.
// An entry that was found there lacks what it lacks, unless another process gave
// it just before.
func (t Task) await(v jobs.Visit, g gap, past memory) error {
	last := past.last(g)
	if given := past.given(g); last.Result == resultExisted && g.refusal == nil {
		last = given
	}
	age := t.now().Sub(last.At)
	if last.At.IsZero() || age >= patience {
		return g.stuck(v, past.last(g).At)
	}
	return g.spreading(v, age)
}

// ask makes the call between two lines of the audit trail.
func (t Task) ask(ctx context.Context, v jobs.Visit, g gap, last line) error {
	id := uuid.NewString()
	lost := last.unanswered() && t.now().Sub(last.At) < forgotten
	if lost {
		id = last.Reference
	}
	if err := t.record(ctx, v, g, id, resultAsked, ""); err != nil {
		return err
	}
	existed, err := t.Partner.GiveConsent(ctx, v.Partner, v.Customer.ID, partnercenter.Consent{
		App: t.App, Resource: g.App, Scopes: g.scopes, RequestID: id,
	})
	result, remark := outcomeOf(existed, lost, err)
	if rerr := t.recordAnyway(ctx, v, g, id, result, remark); rerr != nil {
		return rerr
	}
	if err != nil {
		return g.refused(err)
	}
	past, err := t.remember(ctx, v.Customer.ID)
	if err != nil {
		return err
	}
	return t.await(v, g, past)
}

// outcomeOf puts what came of a call into the words of the audit trail. What is
// found to exist after an answer was lost is what the lost call gave.
func outcomeOf(existed, lost bool, err error) (result, remark string) {
	p := sam.AsProblem(err)
	switch {
	case err == nil && existed && lost:
		return resultGiven, "found there, after an answer was lost"
	case err == nil && existed:
		return resultExisted, ""
	case err == nil:
		return resultGiven, ""
	case p != nil && p.Code == throttle.CodeClosed:
		return resultUnsent, "it was not its turn yet"
	case p == nil || p.Status == 0:
		return resultUnanswered, ""
	}
	return resultRefused, fmt.Sprintf("%s (HTTP %d) %s", p.Code, p.Status, p.Reason)
}

// refused adds to a refusal of Partner Center what it is about.
func (g gap) refused(err error) error {
	p := sam.AsProblem(err)
	if p == nil {
		return err
	}
	q := *p
	q.Op = "give consent to " + g.Service
	return &q
}

// spreading is the wait for a consent given so long ago.
func (g gap) spreading(v jobs.Visit, age time.Duration) error {
	return &sam.Problem{
		Op: "wait for the consent to " + g.Service, Tenant: v.Customer.ID.Tenant(), Class: sam.ClassRetry, Code: jobs.CodeWait,
		RetryAfter: min(max(age, firstLook), lastLook, max(patience-age, time.Second)),
		Plain:      "Consent was given at this customer and spreads to the login hosts, which takes up to some minutes.",
		Fix:        "Nothing: it is looked for again by itself, and the other tasks wait for it.",
	}
}

// stuck is a consent that was given at a time and does not count.
func (g gap) stuck(v jobs.Visit, at time.Time) error {
	p := &sam.Problem{
		Op: "prove the consent to " + g.Service, Tenant: v.Customer.ID.Tenant(), Class: sam.ClassCustomer, Reason: sam.ConsentMissing,
		Code:  "ConsentNotEffective",
		Plain: fmt.Sprintf("Partner Center has had the consent to %s at this customer since %s at the latest, but the login still refuses it.", g.Service, at.UTC().Format("2006-01-02 15:04 UTC")),
		Fix:   "Look at the app under Enterprise applications in the customer's tenant: is it switched off, or does it demand assignment? Otherwise the customer's admin consents on the admin consent page.",
	}
	if g.refusal == nil {
		p.Code = "ScopeMissing"
		p.Plain = fmt.Sprintf("The consent to %s at this customer lacks %s, and Partner Center adds nothing to a consent that is there.", g.Service, strings.Join(g.scopes, ", "))
		p.Fix = "The customer's admin consents anew on the admin consent page, or the partner removes the app's consent for this customer in Partner Center; it is then given again, whole, by itself."
	}
	return p
}

// atHome is what is missing at a customer that signed in by itself.
func (g gap) atHome(v jobs.Visit) error {
	return &sam.Problem{
		Op: "check the consent to " + g.Service, Tenant: v.Customer.ID.Tenant(), Class: sam.ClassCustomer, Reason: sam.ConsentMissing,
		Code:  "ScopeMissing",
		Plain: fmt.Sprintf("The consent to %s that this customer gave lacks %s.", g.Service, strings.Join(g.scopes, ", ")),
		Fix:   "The customer's administrator signs in again on the consent page of the customer.",
	}
}
