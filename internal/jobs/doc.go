// Package jobs runs the sweeps: it opens a run over all customers, does each
// customer's tasks from a queue message, tries again what may pass, accounts
// for every outcome, and tells the world what opened and closed.
//
// # Accounting
//
// Rows come before messages. [Jobs.OpenRun] writes the run, then one expected
// outcome for each (customer, task), then opens the run, then sends one message
// for each customer. A job overwrites its own rows only. [Jobs.Supervise]
// closes a run when expected = done + skipped + failed, sends anew what got
// lost, and at the deadline settles the rest as failed. So at every moment, and
// after a crash at any instruction, each expected outcome has exactly one row.
//
// A run's states: writing (rows are being written; no message exists) → open
// (messages are out) → closed, or abandoned (its rows were never completed).
//
// # Outcomes
//
//	done     the task ran; its findings were reconciled before this was written
//	skipped  nothing to do or no way in, for a Reason; the customer's Access says so
//	retry    tried, and a message with a delay is on its way
//	failed   given up, for a Class; a person is needed
//
// Which error leads where is one pure function, decide; how long to wait is
// another, [RetryDelay]. A failure of the connection itself (re-consent,
// credential, policy in the partner's own tenant) does not use up tries and
// fails nobody: the shared gate "connection/<id>" closes for [HoldFor], jobs go
// back to the queue, and the problem is put on the connection once.
//
// # Connections
//
// A customer belongs to a bench of connections (package serving), not to one
// account. Discovery asks one connection of each bench; a job works with the
// one that serves when it begins. When a connection turns out to be refused in
// its own tenant, which customers' tenants cannot tell for sure (homeProbe), it
// is marked broken, once, and the job goes on with the next of its bench; only
// where none is left do the bench's customers wait as above. A customer known
// to several benches is visited once, by the same one each time.
//
// # Healing
//
// A [Healer] comes before the tasks that would be skipped for what it mends
// (missing consent). While it is not final the rest of its job waits with it, in
// one message. A task that says [CodeWait] waits without using up a try, and
// bounds its waiting itself. A task that meets the state although the healer was
// done asks it again, once in a job: if it is content the task is done again, if
// it waits the task waits, otherwise the task is skipped. The healer's own
// outcome stays what it was.
//
// # Limits
//
// Calls made for a job are counted by all processes together (package
// throttle). One that must not be made now ends its task with the code
// ThrottleClosed: no try is used up, and the next message carries the places
// that were reserved, hidden until they are due. Such a message has no jitter:
// places are apart already.
//
// # Delivery
//
// Queue messages arrive at least once and in any order. A task whose row is
// final, or whose row shows that a later try was already sent, is not run
// again. A retry is a new message with a visibility delay, sent before its row
// is written and before the current message is completed: a crash in between
// costs a duplicate, never a loss. Nothing sleeps.
//
// # Giving up
//
// Errors of [Jobs.Deliver] mean "deliver again". Before the host hears of one,
// its reason stands in the customer's open outcomes; from the second delivery on
// a row says that its task is running, so that a process that dies names the
// task it died in, and that task comes last the next time. After five deliveries
// [Jobs.RecordPoisoned] sends the job once more, later, if the reason may pass
// (at most twice); otherwise it fails the open outcomes with the reason's class
// and keeps a record. [Jobs.Replay] gives records another chance: a failed
// outcome of an open run is expected again, for a closed run a new one expects
// just what is missing; so the sums of every run hold, and what was done or is
// about to be done is not sent again.
//
// Sources: sections 5 and 6 of the design; sections 5, 6, 7 and 10 of the
// reference on the Secure Application Model, as of 2026-11.
package jobs
