// Package peer measures samkeeper's handler beside a plain Node program that
// does the same sweep (bench/peer-node): same simulated cloud, same kind of
// storage, same stand-in host with the same queue settings, same customers, in
// one run, in rounds that take turns.
//
// What is measured is the handler process alone: user and system CPU time of
// all its threads and reaped children, its peak resident memory, its start from
// exec to the first answer. The simulator, the storage and the host are
// somebody else's cost and run in this process or beside it. A round counts
// only if every customer's outcome and every finding equals what the world
// holds, on both sides: a fast program that does nothing is no peer.
//
// The sides are not equal in one respect, and that is not corrected for:
// samkeeper keeps its ledger (expected rows, outcomes, findings, documents,
// announcements), the peer sends one message with the outcome of each job.
//
// Linux only, since the numbers are read from /proc. As of November 2026.
package peer
