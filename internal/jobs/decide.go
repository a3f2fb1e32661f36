package jobs

import (
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// codeGateClosed marks a wait that the shared throttle asked for: nothing was
// tried, so no try is used up.
const codeGateClosed = throttle.CodeClosed

// CodeWait is the Code of the Problem with which a task says that it is not
// yet time: nothing is wrong, and after RetryAfter it looks again. No try is
// used up; only the run's deadline ends the waiting, so whoever uses it keeps
// a limit of its own.
const CodeWait = "NotYet"

// shortestWait keeps a task that names no time from going round at once.
const shortestWait = time.Second

// codePartnerBlocked is Microsoft's stop for a partner whose delegated
// administration looks abused. It comes from every customer's tenant, and
// calling on makes it worse.
const codePartnerBlocked = "AADSTS530034"

// ClassVerdict is what a class of problem leads to, and why.
type ClassVerdict struct {
	Class  sam.Class
	Away   string // met in a customer's tenant
	Home   string // met in the connection's own tenant
	Reason string
}

// Verdicts is the policy of decide in words, one row for each class; the codes
// ThrottleClosed, [CodeWait] and AADSTS530034 go before it, and a problem of a
// class other than retry that names a Reason skips its task unless it stops the
// connection. A test holds it to decide.
var Verdicts = []ClassVerdict{
	{sam.ClassRetry, "again", "again", "It passes by itself: one try used up, after the table's delay or Retry-After, failed after the last."},
	{sam.ClassCustomer, "failed", "failed", "Only the customer's tenant is concerned and no Reason explains it: trying again shows the same."},
	{sam.ClassPolicy, "skipped", "hold", "A customer's policy is the customer's to change; the partner's own bars every customer."},
	{sam.ClassCredential, "hold", "hold", "The app cannot prove itself anywhere: every customer would be refused."},
	{sam.ClassReconsent, "hold", "hold", "The grant is dead: every customer would be refused until a person signs in."},
	{sam.ClassConfiguration, "failed", "failed", "A setting or the program is wrong; the next job may not meet it, and trying again does not mend it."},
}

// verb is what happens to a task after it ran.
type verb int

const (
	settle verb = iota // write the final outcome
	again              // try again later, one try used up
	wait               // try again later, no try used up
	hold               // as wait, and the whole connection stands still
)

// decision is what to do and what to write.
type decision struct {
	verb    verb
	state   sam.OutcomeState
	reason  sam.Reason
	class   sam.Class
	delay   time.Duration // with again, wait and hold; without jitter
	problem *sam.Problem  // nil unless there was an error
}

// decide is the whole policy of outcomes. home is the connection's own tenant;
// try is the number of this attempt.
func decide(res Result, err error, home sam.TenantID, try int) decision {
	if err == nil {
		if res.Skipped != sam.NoReason {
			return decision{state: sam.Skipped, reason: res.Skipped}
		}
		return decision{state: sam.Done}
	}
	p := sam.AsProblem(err)
	if p == nil {
		p = &sam.Problem{
			Class: sam.ClassRetry, Code: "Unexplained", Err: err,
			Plain: "The task failed without saying why.",
			Fix:   "It is tried again by itself; if it persists, look at the logs of the job.",
		}
	}
	switch {
	case p.Code == codeGateClosed:
		return decision{verb: wait, state: sam.Retry, class: p.Class, delay: p.RetryAfter, problem: p}
	case p.Code == CodeWait && p.Class == sam.ClassRetry:
		return decision{verb: wait, state: sam.Retry, class: p.Class, delay: max(shortestWait, p.RetryAfter), problem: p}
	case stopsConnection(p, home):
		return decision{verb: hold, state: sam.Retry, class: p.Class, delay: max(HoldFor, p.RetryAfter), problem: p}
	case p.Reason != sam.NoReason && p.Class != sam.ClassRetry:
		return decision{state: sam.Skipped, reason: p.Reason, class: p.Class, problem: p}
	case p.Class == sam.ClassPolicy:
		return decision{state: sam.Skipped, reason: sam.BlockedByPolicy, class: p.Class, problem: p}
	case p.Class == sam.ClassRetry || p.Class == "":
		return tryAgain(p, try)
	}
	return decision{state: sam.Failed, class: p.Class, problem: p}
}

// stopsConnection reports whether every customer of the connection would fail
// in the same way.
func stopsConnection(p *sam.Problem, home sam.TenantID) bool {
	return stops(p.Class, p.Code, p.Tenant == home)
}

// stops is stopsConnection for a problem of this class and code, met in the
// connection's own tenant or elsewhere.
func stops(class sam.Class, code string, home bool) bool {
	if code == codePartnerBlocked {
		return true
	}
	switch class {
	case sam.ClassReconsent, sam.ClassCredential:
		return true
	case sam.ClassPolicy:
		return home
	case sam.ClassRetry, sam.ClassCustomer, sam.ClassConfiguration:
	}
	return false
}

// tryAgain consults the table.
func tryAgain(p *sam.Problem, try int) decision {
	delay, more := RetryDelay(try, p.RetryAfter)
	if !more {
		return decision{state: sam.Failed, class: sam.ClassRetry, problem: p}
	}
	return decision{verb: again, state: sam.Retry, class: sam.ClassRetry, delay: delay, problem: p}
}
