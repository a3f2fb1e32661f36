// Package localworld puts a whole Microsoft cloud on one machine around the
// program that is deployed: the simulator (login, vault, Partner Center, Graph,
// Azure Resource Manager), Azurite for storage and the stand-in Functions host
// over a staged dist/ folder. Only base URLs differ from production.
//
// Start brings the world up on free loopback ports, the methods of World play
// what a person and the clock would do (consent, timers), and Stop leaves
// nothing running. Demo strings them together and writes a Report that is
// checked against what the seeded world holds, so that a run that only looks
// like a success ends with an error.
//
// The package shares no code with the app: it knows it by HTTP, by the storage
// it leaves behind and by what it prints.
package localworld
