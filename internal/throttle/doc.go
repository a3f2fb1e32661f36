// Package throttle shares what upstream said about waiting: when one instance
// is told "429, come back in five minutes" for a scope, all instances leave that
// scope alone until then.
//
// A scope is any text that names what upstream counts by, such as an API and a
// tenant. It is open, or closed until a time; closing again prolongs and never
// shortens; it opens by itself. There is no counting and no token bucket here:
// upstream is the one who counts.
//
// A scope known to be closed is believed without asking until that time, since
// nothing opens it early (it may be closed for longer by then, which is read
// then). A scope that was read as open is believed for three seconds: so long
// may another instance's news take to arrive. Times are UTC.
//
// Errors: ErrBusy; failures of the table service are *sam.Problem from clients
// made by package storage. A caller that can not read the gate may go on: the
// worst is one more 429. As of 2026-11.
package throttle
