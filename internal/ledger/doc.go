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
// Rows are removed by retention alone, a bounded number at a time: PruneRuns,
// PruneTrail, PruneStates, ForgetPoisoned, ForgetCustomer. A run goes outcomes
// first, its own row last, so that what a crash leaves is found again.
//
// # The law of runs
//
// A run is one row and its outcomes. Its state makes these moves and no other;
// ChangeRun refuses them with ErrRunLaw:
//
//		(new) ──AddRun──▶ writing ──▶ open ──▶ closed
//		                    │  ▲  │     │ ▲
//		                    ▼  │  ▼     ▼ │
//		              abandoned  cancelled ─┘   (cancelled ▶ abandoned before it is pruned)
//
//	 1. The number of expected outcomes never shrinks, and never changes once the
//	    run has ended; neither do its final sums.
//	 2. An outcome is expected or retry (open), or done, skipped or failed
//	    (final). What is final stays ([Outcome.Supersedes]), so sums that were
//	    right once stay right, however late a duplicate comes. Reopen alone turns
//	    a failed outcome back, in a run that is open and announced it.
//	 3. closed means: expected = done + skipped + failed, counted from the rows
//	    after the row of the run was read, and written only if nothing that
//	    matters changed since. What came of it is [Run.Result], from state and
//	    sums alone: complete, partial (a success of its own kind) or failed.
//	 4. A cancelled run takes no outcome but those of jobs already at work, and
//	    keeps what it has; it can go on.
//
// Who moves runs, and what repairs a crash in between, is in package jobs.
//
// # Promises
//
// All calls may race with themselves and others, in many processes, and may be
// repeated after a crash:
//
//   - Expect adds rows and never changes one.
//   - PutOutcome follows [Outcome.Supersedes]: of racing final outcomes the
//     first one stays. The row's ETag guards the decision.
//   - AddRun lets exactly one caller add an id. ChangeRun and ChangeConnection
//     decide over the version that was read, anew whenever somebody else was
//     faster: nobody writes an old copy over a newer one. A caller whose answer
//     was lost may be told that it changed nothing: it looks at the result.
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
//   - PutConnection, PutCustomers and Beat: last writer wins. Who needs more
//     holds a lease.
//
// # Units and errors
//
// Times are UTC with nanoseconds; the zero time means "not yet" or "none". Text
// longer than 32,000 UTF-16 units is cut and ends in "…" (package rows).
// ErrAbsent, ErrExists, ErrBusy, ErrRunLaw, ErrStateUnknown, ErrStateUsed and
// ErrStateExpired may be tested for; failures of the service come as *sam.Problem from clients that
// package storage made.
//
// Sources: Azure Tables REST documentation and measurements against Azurite
// 3.37.0, as of 2026-11.
package ledger
