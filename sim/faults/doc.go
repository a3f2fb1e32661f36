// Package faults makes the simulated services fail on demand: latency,
// throttling, server errors, connections dropped before the request is handled
// and answers lost after it was.
//
// Law: with no fault set, requests pass untouched. The faults are tried in the
// order they were set and the first that applies decides, except that latency
// lets the request go on. Percentages are drawn from a generator with a fixed
// seed, so the same sequence of requests fails in the same way.
package faults
