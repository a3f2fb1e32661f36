// Package jobs runs the sweeps: it opens a run over all customers, does each
// customer's tasks from a queue message, tries again what may pass, accounts
// for every outcome, and tells the world what opened and closed.
//
// # The law of accounting
//
// Every expected (customer, task) of a run ends, by the run's deadline, as done,
// skipped for a reason, or failed with a class; a run is closed only when its
// sums match; what a job does takes effect once, however often its message
// comes. Package ledger states what rows and states may become; here is who
// moves them:
//
//	step             who                      leaves, if it dies before the next step           repaired by, within
//	AddRun           OpenRun, lock "sweep"    a run in writing                             the next OpenRun at once; Supervise, 15 min
//	Expect           the same                 the same, and some or all rows               the same
//	open             the same                 an open run without messages                 Supervise, RequeueAfter
//	send             the same                 messages of some customers, or all           Supervise, RequeueAfter
//	run a task       Deliver                  nothing                                      the queue delivers again
//	Reconcile        Deliver                  findings and events beside an open row       the same: the next observation finds no difference
//	PutOutcome       Deliver                  events not announced; the message            Supervise, 5 min; a final row is not run again
//	send on          Deliver                  a message more than rows know of             the rows: a task is run once for each try
//	settle           Supervise, "supervise"   some outcomes settled                        the next round, 5 min
//	close            the same                 nothing
//	cancel, resume   Cancel, Resume           the new state without audit line, messages   calling again; Supervise, RequeueAfter
//
// Rows come before messages: a message whose outcome nobody expects is dropped,
// on the record. A message that got lost is missed by its rows: [Jobs.Supervise]
// sends anew what is open although neither it, nor its retry, nor the run's
// messages were touched for RequeueAfter. Two openers or two supervisors, when a
// lock lapsed under a process that stood still, cost work and no truth: each
// step may be repeated, and whoever is late finds the run changed. Rows that a
// writer thought dead adds after its run was opened are taken in by the next
// round while the run is open.
//
// At the deadline the supervisor settles what is open as failed: with the class
// of the connection's problem where that stands still, otherwise with what was
// last known. A job does not begin after the deadline, and what one at work
// writes late finds a final row. A sweep that could not begin is begun by the
// supervisor, and abandoned when its deadline passes first; a replay's run whose
// writer died is abandoned after 15 minutes, since only that writer knew whom it
// was for, and whoever asked was told.
//
// [Jobs.Cancel] stops a run: messages are dropped as they come, jobs at work
// finish, what is open stays open. [Jobs.Resume] gives it a new deadline and
// sends a message for each customer with open outcomes.
//
// [Jobs.Prune], in every round, removes what is older than the retention, a
// bounded number of rows, and never a run that goes on.
//
// # Outcomes
//
//	done     the task ran; its findings were reconciled before this was written
//	skipped  nothing to do or no way in, for a Reason; the customer's Access says so
//	retry    tried, or held; with RetryAt a message with a delay is on its way
//	failed   given up, for a Class; a person is needed
//
// Which error leads where is one pure function, decide, whose table is
// [Verdicts]; how long to wait is another, [RetryDelay], with jitter apart.
//
// # A connection that stands still
//
// A failure of the connection itself (re-consent, credential, policy in the
// partner's own tenant) fails nobody and uses up no try. Whoever meets it puts
// it on the connection's row, once, and then closes the gate "connection/<id>"
// for [HoldFor]; jobs go back to the queue without a call. When the gate opens,
// one job of each process at a time goes in to see: calls grow with processes,
// not with customers. If it meets no such failure, a token redeemed in the
// connection's own tenant proves the connection, and the problem is taken off.
//
// A cure (a consent, a rotation, that proof) takes the problem off the row. A
// row that says so, read after the gate was seen closed, opens the gate early,
// since the row is written before the gate; the next round of the supervisor
// sends every held job anew. The messages that are still hidden find final rows.
// The deadline is moved by the time the run stood still, by RunDeadline at the
// most. A run whose deadline comes first is settled, and the next sweep begins
// within five minutes of the cure: new data is better than a run without end.
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
