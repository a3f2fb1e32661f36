// Package watchdog is the dead-man's switch: it notices when a part of
// samkeeper has fallen silent, from paths that do not depend on that part.
//
// # Law
//
// A timer that does not fire reports nothing, so silence is judged from the
// outside. Each timer function writes a heartbeat after its work succeeded
// (table Runs, partition "heartbeat", one row per name):
//
//	row                     written by
//	SuperviseRuns           that function; silent after an hour (it runs every 5 minutes)
//	RotateRefreshTokens     that function; silent after four hours (hourly). One connection
//	                        that cannot be rotated is that connection's problem, no silence
//	EnqueueCustomers        that function; silent after 13 hours (every 4 hours). Having no
//	                        connection yet is no silence
//	watch_began             whoever looked first: silence counts from there at the earliest,
//	                        so that a timer that never fired at all is noticed, too
//	self_check_opened, self_check_closed, self_check_announced
//	                        the self-check, below
//
// Every queue message and every Status, Health and ConsentStart request looks
// at the heartbeats and the connections ([Watchdog.Glance], [Watchdog.Look]).
// A look is two small reads, and its result is kept for three minutes in each
// process. The judgement, [Judge], is pure.
//
// What is silent is raised as a finding of the customer [Self], through the
// ledger's Reconcile and the queue of findings like any other: one event when it
// begins, one when it ends. It is logged as an error once per process and six
// hours. A connection whose rotation has stood still also carries the problem
// RotationStalled. Only a supervision round ([Watchdog.Round]) closes such
// findings: whoever sees no silence elsewhere changes nothing.
//
// # The self-check
//
// An alarm that never rings may be healthy or broken. Once a day a supervision
// round opens a finding of kind "self_check", and the next round closes it, on
// the way every finding takes. A receiver that misses the pair for longer than a
// day knows that the alarm itself is silent; samkeeper knows it when the events
// could not be sent for 26 hours. The first check comes an hour after the
// installation first ran.
//
// Findings of [Self] are never counted among those of customers.
//
// Errors are those of the ledger and the queue, wrapped. Times are absolute. As
// of 2026-11.
package watchdog
