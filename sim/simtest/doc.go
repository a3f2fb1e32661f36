// Package simtest starts a simulated Microsoft cloud inside a test: all
// listeners on free loopback ports, stopped and awaited when the test ends.
//
//	cloud := simtest.Start(t, simtest.Options{Customers: 20, Seed: 1})
//	client := cloud.HTTPClient()
//
// Law: every test gets its own world, so tests may run in parallel.
package simtest
