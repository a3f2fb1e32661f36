// Package chaos is the kill test: sweeps over thousands of customers by several
// handlers on one storage account, while handlers are killed, whole hosts are
// lost, messages are lost, doubled and late, and storage and the cloud refuse or
// leave answers out. Then the faults end, what is left is driven to rest, and
// every trace is compared with what the simulated world holds.
//
// # Law
//
// After rest, for each sweep: the run is closed, its sums add up to what it
// expected, and each (customer, task) ended as the world says. Over all sweeps:
// each finding was opened once and closed once, and only when the world says so
// (told by unique keys of events); no result took the place of a newer one; the
// last results show the last state of the world; nothing was given up that
// could succeed. Anything else is a breach, and Run returns ErrBreach.
//
// # Chance
//
// Everything that is drawn comes from the seed: the customers, what changes
// between the sweeps, the schedule of kills, the fate of the n-th request of a
// kind at the storage and at the cloud. Which job a kill meets, and which
// request is the n-th, the operating system's scheduler decides; the same seed
// gives the same storm, not the same drops.
//
// # Time
//
// The handlers live in real time. The clocks of the storage are moved in two
// cases, in which nobody can tell: locks of a killed timer function run out at
// once (no other process holds one then), and at rest hidden messages come up
// early.
//
// The package shares no code with the app: it knows it by the storage it leaves
// behind.
package chaos
