// Package vaulttest says, as tests, what a store of refresh tokens must do, and
// offers one that keeps them in memory. Run checks any implementation: the Key
// Vault one and Memory pass the same suite, so a test against Memory means
// something.
//
// Memory can be told to fail before or after any call, which is how tests stop a
// rotation at every step: failing before a call is a crash in front of it,
// failing after it is a crash when the call has already taken effect.
package vaulttest
