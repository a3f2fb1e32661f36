// Package throttle keeps samkeeper below the limits of the services it calls,
// for all instances together: a [Governor] counts and paces calls, and a [Gate]
// is a door that anyone may close for everyone.
//
// # Scopes
//
// A [Scope] is what upstream counts by: Partner Center's partner, a partner's
// customer, a Graph tenant, a principal in an ARM subscription, a Resource Graph
// user in a tenant, an app at a tenant's token endpoint. The table of rules
// says what is published about each, and what a refusal without Retry-After
// means. Most scopes are a customer's, and one job at a time works in them;
// three are shared by thousands of jobs, and are paced.
//
// # Closing
//
// A refusal (429) closes its scope for everyone until the time it named. An
// answer that warns (quota used up, bucket nearly empty, share of the limit
// above 0.8) closes it too, so that the refusal never comes. A closed scope
// opens by itself; closing again prolongs and never shortens. Calls turned away
// are told to come back a little apart from each other. An instance asks
// every three seconds, while it makes calls, which scopes are closed: one query
// for all. So long may another's news take to arrive.
//
// # Pacing
//
// A paced scope is a row of places in time, one for each call, at nine tenths
// of the published rate. Instances lease up to 32 places with one conditional
// write and give them out without I/O. A call whose place is a few seconds away
// at most (the rule's Early) may be made; otherwise the job gets that place as a [Ticket] and
// goes back to the queue until then, so refused jobs come back one by one and
// never all at once. A refusal by upstream halves the rate, at most once a
// window; it regrows by a tenth per window up to nine tenths of what is
// published.
//
// # Progress
//
// A job that is refused in a paced scope gets places for twice the calls it
// had made, and its tickets stay good whatever others do, so a task that needs
// n calls is refused log n times at most. In the other scopes a fresh window
// gives a job all there is; one that has used up half of it and needs more
// would meet the same end again, and waits in place (at most six seconds at a
// time, see [Pause]). Nothing else sleeps.
//
// Times are UTC and passed in. Errors: ErrBusy; failures of the table service
// are *sam.Problem from clients made by package storage. A caller that cannot
// read what is shared may go on: the worst is one more refusal.
//
// Sources: sections 3.3, 5.5, 6.1, 7.8 and 13 of the reference on the Secure
// Application Model; Graph's throttling guidance. As of 2026-11.
package throttle
