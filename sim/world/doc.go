// Package world is the state of the simulated Microsoft cloud: one partner
// tenant with its users and app registration, the customers, the grants that
// refresh tokens stand for, and the clock that all services share.
//
// Law: services hold no tenant state of their own; what a call to one service
// changes is seen by all others at once.
//
// Locking. The set of customers is fixed when the world is made, so Customers
// and Customer take no lock. The FIELDS of customers, users and the app are
// guarded: read them inside View, change them inside Mutate or Change. These
// three must not be nested, neither in each other nor with any other method
// of World that says "locks": Now, Cloud, Partner, Customers and Customer are
// free of locks and may be called anywhere.
//
// Clock. Now is the wall clock plus an offset that Advance grows; time never
// stands still and never goes back. Everything that lives long (refresh
// tokens, codes, client secrets, GDAP relationships) is judged by it. Access
// tokens are judged by the earlier of both clocks, since a client in another
// process cannot see the jump; ExpireTokens ends them on demand.
package world
