// Package e2e holds the tests of the whole: the program that is deployed, under
// the stand-in host, against the simulated Microsoft cloud and Azurite, driven
// from outside as people, timers and queues drive it.
package e2e
