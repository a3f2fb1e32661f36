// Package serving decides which connection serves a customer now.
//
// # Benches
//
// Connections of the same tenant and kind stand in for one another: the
// accounts of one partner tenant, or the administrators of one customer that
// consented itself. Such a group is a [Bench]. A customer belongs to a bench,
// not to an account; tenants never stand in for one another, since each partner
// has its own relationships.
//
// # Order
//
// On a bench the connection marked primary comes first, then the others by id,
// so that every process, at any time, reads the same order from the same rows.
// The first one that is fit serves; the rest are standbys.
//
// # Fit
//
// A connection is out while a person switched it off, its token has expired,
// or its grant was found refused: BrokenAt, or a problem that only a new
// sign-in or a change of the account's policy can end. What passes by itself
// (an outage, a late rotation), and what strikes every account alike (the app's
// credential, a setting), takes nobody out.
//
// # No flapping
//
// A connection that was found refused stays out until it is proved: by a new
// consent, or by a rotation that redeemed its token. Neither time nor the loss
// of a problem's text brings it back. So a customer changes connection at most
// twice per breakage: away and back.
//
// Everything here is pure; now is passed in.
package serving
