// Package world is the state of the simulated Microsoft cloud: one partner
// tenant with its users and app registration, the customers, the grants that
// refresh tokens stand for, and the clock that all services share.
//
// Law: services hold no tenant state of their own; what a call to one service
// changes is seen by all others at once.
//
// Locking. A customer that World hands out is a snapshot that nobody changes;
// Mutate puts a changed clone in its place, so customers are read without a
// lock. The fields of the partner tenant are guarded: read them inside View,
// change them inside Change. View, Mutate and Change must not be nested,
// neither in each other nor around any other method whose comment says
// "Locks".
//
// Clock. Now is the wall clock plus an offset that Advance grows; time never
// stands still and never goes back. Everything that lives long (refresh
// tokens, codes, client secrets, GDAP relationships) is judged by it. Access
// tokens are judged by the earlier of both clocks, since a client in another
// process cannot see the jump; ExpireTokens ends them on demand.
package world
