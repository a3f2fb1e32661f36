// Package bearer checks the access tokens that callers of the simulated
// services present: signature by the authority's keys, issuer, lifetime and
// audience. Services turn a failure into their own error shape.
//
// Law: a service never trusts a claim that did not pass Verify.
package bearer
