// Package load measures what a sweep costs as the number of customers grows:
// it plays sweeps of several sizes on the local world, each in a world of its
// own, and compares what one customer costs.
//
// Law: a round begins with a consent and a rotation and measures from the
// moment EnqueueCustomers is fired until the run is closed; the answers of the
// simulated cloud take [Options].Latency. What a round counts is counted
// outside of the program under test: requests by the simulator, storage
// operations by the simulated storage account (the host's polling included, the
// watcher's own apart), CPU seconds and peak memory by the system. Every
// expected outcome must be done or skipped, none failed.
//
// Judged are correctness, memory and ratios ([Report.Verdict]); times are
// reported, since they are the machine's. As of November 2026.
package load
