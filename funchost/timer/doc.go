// Package timer runs the timer triggers of a host: one listener per function,
// its status in a blob, and the lease that keeps a second instance from firing
// the same timer.
//
// Blobs, in container azure-webjobs-hosts of AzureWebJobsStorage:
//
//	timers/<hostId>/Host.Functions.<Name>/status     {"Last","Next","LastUpdated"}
//	locks/<hostId>/Host.Functions.<Name>.Listener    leased for 60 s, renewed
//
// The listener that holds the lease decides at start whether an occurrence was
// missed (one run, past due) or the function runs at every start, then waits
// for the next occurrence. A function never overlaps itself. Occurrences that
// pass while it runs collapse into at most one run right after it. A failure
// is not retried, and the status advances all the same.
//
// A listener without monitor keeps no status and tells the function none.
//
// Sources: sections 3.3, 5.3 and 7.3 of the project's host reference;
// TimerListener of the WebJobs extensions. As of November 2026.
package timer
