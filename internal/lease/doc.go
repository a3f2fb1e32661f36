// Package lease gives out named locks, each a lease on an empty blob.
//
// # What a lock promises
//
// At any moment the blob service knows at most one holder of a name. A holder
// that dies loses the lock when its term ends (15 to 60 seconds), so nothing
// stays locked for ever. Acquire never waits: ErrHeld means come back later.
//
// # What it can not promise
//
// That the holder still holds it while it works. The process may be paused, or
// an answer delayed, beyond the end of the term, and go on believing. Work that
// may take longer than half a term calls Renew along the way and stops on
// ErrLost; steps that must not happen twice look at Expires before they begin,
// and are written so that doing them twice does no harm (a new version of a
// secret, an ETag). A lock saves work and calms traffic; correctness rests on
// those. There is no order among waiters and no fencing token.
//
// # Clock
//
// The service counts the term by its own clock. Expires counts by ours, with
// the monotonic reading, from before the request was sent, and so errs towards
// giving up early; a clock that runs slow by whole per cents breaks that.
//
// Errors: ErrHeld, ErrLost, ErrBadTerm; a missing container and other failures
// of the service are *sam.Problem from clients made by package storage. Source:
// Lease Blob in the Azure Storage REST documentation, as of 2026-11.
package lease
