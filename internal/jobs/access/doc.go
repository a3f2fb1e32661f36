// Package access is the relationship radar: for each task it says which
// permissions the task needs at a customer, which of them are there, missing or
// about to end, and the smallest thing that mends it.
//
// # Law
//
//   - What a task needs is data (needs.go), with its source. How it is judged
//     is pure: [Evaluate] takes the time and the [Facts], and has no other input.
//   - The books decide about relationship, assignment and roles: Graph's
//     relationships, their access assignments, and the groups that the
//     integration account is in. Trying decides about consent and Azure: the
//     token of the customer's tenant with the permissions it shows, and the list
//     of its subscriptions.
//   - What bars the way hides what lies behind it. Without a relationship
//     nothing is said of its roles; without consent nothing of Azure. So one
//     thing that is taken away is one finding.
//   - What cannot be found out is unknown and no finding: a customer whose
//     policy refuses us, a book that may not be read. Those have their own
//     place: the reasons of the other tasks, and the note of the discovery.
//   - "No Azure" is no finding: an empty list of subscriptions is a lack of
//     rights only where Partner Center's books say that the customer has Azure.
//   - A relationship that extends itself does not end. Any other is spoken of
//     from 90 days before its end, once, for all tasks together, and the
//     severity rises at 30, 7 and 1 days.
//   - A role needed to give the app's consent is missed even where consent was
//     given: it is what the consent is mended with. Severity low.
//
// # Findings
//
// Kind "access_missing", key "access_missing|<permission>" with the permission
// relationship, assignment, role|directory, role|consent, consent or azure.
// Kind "access_ending", key "access_ending|relationship|<relationship id>".
// Keys do not change while the trouble is the same. Each finding carries the
// fix, whose turn it is, and a link. The task's document is the whole matrix.
//
// # Where it runs
//
// At every customer, also where discovery found no way in (jobs.Anywhere),
// last of all tasks: what the others fetched is not fetched again, and a
// consent that has just been mended is there. It is done wherever it can look
// at the books; it never stands in another task's way.
//
// # Cost
//
// Once per process, connection and five minutes: one page of relationships for
// each 300 of them, and one of groups. Per customer: one call for each active
// relationship (nearly always one), for its assignments. Tokens and
// subscriptions are those of the other tasks of the job: the customer's own list,
// where that is empty the partner tenant's for what Lighthouse projects there,
// then Partner Center's books. Of a relationship only the roles of the table are
// kept: about 450 bytes a customer.
//
// # What it relies on
//
// The app's delegated permissions in the partner tenant: reading relationships
// (DelegatedAdminRelationship.Read.All) and the account's own groups (User.Read,
// or GroupMember.Read.All for their names). Without them roles stay unknown.
//
// Errors are those of Graph and the token endpoint that pass by themselves or
// concern the connection as a whole; all else is a fact. Source: sections 6.3,
// 7.9 and 10 of the reference on the Secure Application Model, as of 2026-11.
package access
