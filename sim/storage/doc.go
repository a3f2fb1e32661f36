// Package storage is a storage account on loopback, in memory: the blob, queue
// and table services of packages blob, queue and table, each on a port of its
// own, with clocks that can be moved and faults by dial.
//
// # Law
//
// With no faults set, requests pass untouched. A fault is drawn from the seed
// and from how many requests of the same kind (service, method, table or queue
// or container) came before: the n-th of a kind meets the same fate in every
// start with the same seed. Which request is the n-th, the clients decide.
//
// A refused request (500, 503) was not applied. A lost answer was applied, and
// the connection cut before a byte of the answer was sent. A dropped message is
// answered as stored. Each clock moves forward only.
//
// As of November 2026; the services' own doc.go name their sources.
package storage
