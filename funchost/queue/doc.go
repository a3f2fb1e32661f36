// Package queue polls one storage queue for a queue-triggered function, as the
// host's queue listener does.
//
// A round: check once that the queue exists, receive up to BatchSize messages
// with a fixed 10-minute lease, run each on its own goroutine, and receive
// again as soon as no more than NewBatchThreshold run. An empty round waits:
// 100 ms first, then 100 ms + 100 ms x 2^(n-1) x random 0.8..1.2, at most
// MaxPollingInterval; a message starts the series over.
//
// While a message is processed its lease is renewed at half time. Success
// deletes it. Failure makes it visible again after VisibilityTimeout, or, at
// MaxDequeueCount, copies the body to <queue>-poison and deletes the original.
// A message that arrives with a higher count, or that is not base64 although
// it should be, goes to poison without being run. A queue that has no poison
// queue (its own name ends in -poison, or leaves no room for the suffix) keeps
// a failed message leased until the lease ends, for ever.
//
// Bodies are limited to 64 KiB after encoding: see [Encode].
//
// Sources: sections 1.3, 4.5 and 7 of the project's host reference. As of
// November 2026.
package queue
