// Package ledgertest lets tests use a ledger without a storage account.
//
// [Memory] is the ledger over tables in memory, with a hook before and after
// every call: for failures, for crashes, for counting. [Run] is the conformance
// suite: what every ledger promises, one subtest per promise. The ledger over
// Azure Tables (against the emulator) and Memory both pass it.
package ledgertest
