// Package keyvault is the simulated Key Vault: secrets in full, with challenge
// first, versions, soft delete and the limits of the real service; of keys what
// signing takes (create RSA, read the public half, sign a digest).
//
// Law: every request without a good token gets the challenge and nothing
// else. A version's value never changes. Times are whole seconds since 1970
// by the world's clock; exp and nbf inform, they do not forbid.
//
// Errors have the body {"error":{"code","message","innererror":{"code"}}}.
// Sources: the Key Vault REST description and recorded sessions of Microsoft's
// client libraries, as of November 2026. What is missing: sim/FIDELITY.md.
package keyvault
