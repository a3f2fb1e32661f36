// Package queue is the simulated Queue service of a storage account, in
// memory: queues with metadata, and messages that are put, received, peeked,
// updated, deleted and cleared, over the REST protocol of Azure Storage.
//
// Law: a message is delivered at least once, to one receiver at a time, from
// the moment it is visible; receiving hides it, counts, and changes its pop
// receipt; only the newest receipt updates or deletes it; a message that is
// past its time to live is as good as gone. Every operation on a message costs
// O(log n), however many wait.
//
// Addresses are path-style, http://host/<account>/<queue>/messages/<id>, for
// any account name; every request is signed with the one key (package
// sharedkey). Time is the clock of [Options]; durations on the wire are whole
// seconds.
//
// Mishaps (messages lost, doubled or late, refusals, lost answers) are drawn
// by [Options].Fate, once for each request.
//
// Errors have the body <Error><Code/><Message/>...</Error> and repeat the code
// in x-ms-error-code. Sources: the Azure Storage REST documentation, what its
// Go client expects, and Azurite 3.37.0 for the order of checks; as of
// November 2026. What is missing: sim/FIDELITY.md.
package queue
