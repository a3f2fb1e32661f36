// Package ledger records what happened: connections, customers, runs, outcomes,
// findings, the audit trail and consent states, in Azure Tables, and the last
// raw documents in blobs. It never holds a secret.
//
// # Keys
//
// Every key is made of parts that package rows escapes, joined with "|".
//
//	table          partition   row                            read as
//	Connections    connection  <connection id>                all of them: few
//	Customers      customer    <customer>                     all of them, in id order
//	Runs           run         <run id inverted>              newest first: ids begin with the time
//	               heartbeat   <name>                         all of them: when a named thing last happened
//	               poison      job|<id inverted>              given-up messages, newest first
//	               poison      body|<hash>                    the id given to a body, so that it gets one record
//	Outcomes       <run>       <customer>|<task>              a run, or a job of it by its prefix
//	Findings       <customer>  <task>|finding|<finding id>    open findings
//	               <customer>  <task>|event|<time>|<event key>
//	                                                          events not announced yet, oldest first
//	               <customer>  <task>|mark                    when the set was last observed
//	Audit          <subject>   <time left>-<random>           newest first
//	ConsentStates  state       <state id>                     one, by its id
//
// A partition is what a transaction can change at once and what a query reads
// without a scan: a run's expected outcomes are written a hundred at a time,
// and a finding changes together with its event and its mark. Only OpenFindings
// and Unannounced look through a whole table, about a thousand rows a page.
// That table stays small, since a closed finding leaves with the announcement
// of its end; its history belongs to the readers of the findings queue.
//
// Nothing else is ever deleted: outcomes, runs, audit lines and used consent
// states stay until an operator removes them, and are read by key, so that
// their number costs storage and no time.
//
// # Promises
//
// All calls may race with themselves and others, in many processes, and may be
// repeated after a crash:
//
//   - Expect adds rows and never changes one.
//   - PutOutcome follows [Outcome.Supersedes]: a late duplicate does not turn a
//     final row back. The row's ETag guards the decision.
//   - Reconcile opens and closes each finding once. The mark of the customer and
//     task is written in the same transaction over the version that was read, so
//     racing callers are let through one after the other; an observation older
//     than the mark changes nothing. Events are written in the same transaction
//     (an outbox) and stay until MarkAnnounced: announced at least once, with a
//     stable key. Two transitions of one finding within one second share a key.
//   - ConsumeState lets exactly one caller win.
//   - PutPoisoned keeps a body once; MarkReplayed lets exactly one caller win.
//     Reopen is the only way back from a final state, and from failed alone; its
//     caller keeps the run from closing meanwhile.
//   - PutResult keeps the newer of two documents, by when their observations
//     began, whichever arrives last.
//   - PutConnection, PutCustomers, PutRun and Beat: last writer wins. Who needs
//     more holds a lease.
//
// # Units and errors
//
// Times are UTC with nanoseconds; the zero time means "not yet" or "none". Text
// longer than 32,000 UTF-16 units is cut and ends in "…" (package rows).
// ErrAbsent, ErrBusy, ErrStateUnknown, ErrStateUsed and ErrStateExpired may be
// tested for; failures of the service come as *sam.Problem from clients that
// package storage made.
//
// Sources: Azure Tables REST documentation and measurements against Azurite
// 3.37.0, as of 2026-11.
package ledger
