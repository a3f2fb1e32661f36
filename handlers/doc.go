// Package handlers is the edge between the Functions host and the rooms: it
// reads the wire, calls one room, and answers. It decides nothing; routes.go
// is the only registry and outcome.go the only place where an error becomes a
// status.
//
//	function              trigger                       arrives as                    room
//	ConsentStart          GET  consent                  /api/consent                  consent
//	ConsentCallback       GET, POST consent/callback    /api/consent/callback         consent
//	Status                GET  status                   /api/status                   statuspage
//	Health                GET  health                   /api/health                   probes, watchdog
//	RotateRefreshTokens   timer, hourly at :17          POST /RotateRefreshTokens     rotation
//	EnqueueCustomers      timer, every 4 h at :05       POST /EnqueueCustomers        fleet, jobs
//	SuperviseRuns         timer, every 5 min            POST /SuperviseRuns           jobs, rotation
//	RunCustomerJob        queue customer-jobs           POST /RunCustomerJob          jobs
//	RecordPoisonedJob     queue customer-jobs-poison    POST /RecordPoisonedJob       jobs
//
// HTTP functions are forwarded by the host as they came, because each has
// exactly one trigger and one http output and host.json says
// enableForwardingHttpRequest. The others are envelopes (package hostwire).
// GET / is the host's readiness question and is answered at once.
//
// ConsentStart, Status and RunCustomerJob glance at the watchdog first, so that
// a timer that no longer fires is noticed without one; Health says what is
// silent and answers 503.
//
// # Outcomes
//
// An envelope function answers 200 and {} when its work is done, and an error
// status when it is not. The host then does this:
//
//   - queue: the message is shown again after visibilityTimeout, five times in
//     all, and then moved to customer-jobs-poison; RecordPoisonedJob files it
//     by the reason that the room wrote down before the last failure, and
//     samctl lists, shows and replays it. A message this package cannot read, or the room does not
//     know, takes the same way: none is dropped here.
//   - poison queue: the host has no poison queue for a poison queue, so a
//     failed recording is tried again for ever, every ten minutes.
//   - timer: the failure is logged and the next occurrence comes; the rooms
//     keep what is due in the ledger, so nothing is missed.
//
// Retries that are expected (throttling, an outage) do not use this: the room
// puts a new message with a delay and the present one is done.
//
// # Limits in host.json, and why
//
//   - functionTimeout 10 minutes: the longest any plan allows, and equal to the
//     queue lease. A timeout kills the process with every other invocation in
//     it, so envelope functions get 9 minutes from this package (Deadline) and
//     HTTP functions 100 seconds, well under the 230 of Azure's front end.
//   - queues: batchSize 16, newBatchThreshold 8, so at most 24 jobs side by
//     side on an instance. A job waits for upstream services nearly all the
//     time; 24 use one core lightly and stay far below what a partner may ask
//     of Partner Center or Graph. visibilityTimeout 1 minute and
//     maxDequeueCount 5: a failed delivery means storage was away or the
//     process died, and five attempts outlast a restart of either.
//     maxPollingInterval 15 seconds, so that a job sent with a delay is late
//     by seconds.
//   - no retry block: with a queue it would multiply with maxDequeueCount.
//
// Reference on the Functions host, sections 1 to 5; as of 2026-11.
package handlers
