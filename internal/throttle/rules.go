package throttle

import "time"

// Rule is what is known of one kind of limit, as of 2026-11. "Reference" is the
// one on the Secure Application Model.
type Rule struct {
	Name string
	// Limit is how many calls upstream allows in Window. 0: nothing is
	// published, or it is not counted in calls.
	Limit  int
	Window time.Duration
	// Paced means that all instances share one budget of places: thousands of
	// jobs meet in this scope. In the others few do at a time, and what
	// upstream says in its headers is enough.
	Paced bool
	// Wait is how long a refusal without Retry-After closes the scope.
	Wait time.Duration
	// Early is how long before its place in a paced scope a call may be made, so
	// that a quiet scope can be used in a burst.
	Early time.Duration
}

// idle is how long an instance may leave a place unused: what is used late must
// not fill the next window.
func (r Rule) idle() time.Duration { return r.Window / 12 }

// due is how long before its place a job may come back: the queue knows whole
// seconds.
func (r Rule) due() time.Duration { return max(r.idle(), time.Second) }

// rules by kind.
var rules = [kinds]Rule{
	// Reference 5.5: counted per partner tenant and API, refused calls too; 500
	// a minute. The refusals that were printed ask for what is left of a minute.
	PartnerCenter: {Name: "partner-center", Limit: 500, Window: time.Minute, Paced: true, Wait: time.Minute, Early: 5 * time.Second},
	// Reference 5.5: some APIs count per partner and customer; no number is
	// published. The windows are the same minute.
	PartnerCustomer: {Name: "partner-center-customer", Window: time.Minute, Wait: time.Minute},
	// Graph counts resource units per app and tenant: 3,500 in 10 s for the
	// smallest tenants, a read costs one to five. A job makes a handful of
	// reads, so only refusals and the share it is told count here.
	Graph: {Name: "graph", Window: 10 * time.Second, Wait: 10 * time.Second},
	// Reference 7.8: a bucket of 250 that gains 25 a second, so that a quarter
	// of it is back after the wait.
	ARM: {Name: "arm", Limit: 250, Window: 10 * time.Second, Wait: 3 * time.Second},
	// Reference 13: 15 queries in 5 s.
	ResourceGraph: {Name: "resource-graph", Limit: 15, Window: 5 * time.Second, Wait: 5 * time.Second},
	// The same 15, but what customers delegated by Lighthouse is all asked for in
	// the partner's own tenant, so their jobs share one window. Ten are given
	// out: the rest is for bursts (a customer with a connection of its own has
	// this scope for itself) and for jobs that come back at whole seconds.
	ResourceGraphHome: {Name: "resource-graph-home", Limit: 10, Window: 5 * time.Second, Paced: true, Wait: 5 * time.Second, Early: 2500 * time.Millisecond},
	// Nothing is published for refresh tokens; a loop is refused with
	// AADSTS50196 (reference 3.3). 120 a minute is far above what a sweep needs
	// in the connection's own tenant (one per instance, service and hour, and
	// one where a customer's refusal is in doubt) and far below a loop.
	TokenHome: {Name: "token-home", Limit: 120, Window: time.Minute, Paced: true, Wait: time.Minute, Early: 5 * time.Second},
	// Reference 3.3: 60 s is what a refusal names, and what Microsoft's own
	// clients wait when it names nothing.
	Token: {Name: "token", Window: time.Minute, Wait: time.Minute},
}

// RuleOf is the rule of a kind; the zero Rule for no kind.
func RuleOf(k Kind) Rule {
	if k >= kinds {
		return Rule{}
	}
	return rules[k]
}
