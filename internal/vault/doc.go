// Package vault keeps refresh tokens in Azure Key Vault, and nothing else keeps
// them anywhere.
//
// # Shape
//
// One secret per connection, named rt-<tenant id>-<object id>; every consent or
// rotation writes a new version of it. The value is the token. Tags tell where
// it came from: app, upn, kind, source, grant (the consent's version that a
// rotation descends from), redeemed-at, amr, cloud, stored-at. exp is 90 days
// after the redemption, the token's life when unused; Key Vault does not enforce
// exp, it announces it (SecretNearExpiry). A version without readable tags is
// still a version: its redemption time is then its creation time.
//
// Two more secrets: state-key seals consent cookies, preflight proves that the
// vault can be written.
//
// The app's own certificate or client secret is an Entry: a secret known by its
// name, whose newest version counts. Keys are RSA keys that Key Vault makes and
// never gives out; they sign there.
//
// # Which version counts
//
// Current is the newest enabled version. Key Vault answers "newest" with 403
// when that one is disabled; the newest enabled one is then looked up in the
// list. Versions that were created in the same second (the vault's resolution)
// are ordered by the tag stored-at, then by redeemed-at, then by id. Nothing is ever deleted here; an old
// version is disabled.
//
// Key Vault has no conditional write. Two writers both succeed and the later one
// is current; that does no harm, because Entra does not revoke an old refresh
// token. Whoever rotates holds a lease.
//
// The current state key is the newest enabled version, by creation time and then
// by id, so that all processes agree as soon as they see the same list. Cookies
// live a quarter of an hour, and a key that was replaced within that time still
// opens them: two processes that make the first key at once both write, and what
// either sealed opens under either's list. An operator rotates the key by writing
// a new version (32 random bytes in base64) and breaks no sign-in under way; to
// make all cookies void at once, disable every version, and a new key is made.
//
// # Errors
//
// ErrAbsent and ErrDisabled can be tested with errors.Is. Every error is a
// *sam.Problem: Code is Key Vault's innermost code (ForbiddenByRbac,
// SecretNotFound, ObjectIsDeletedButRecoverable, …), Class is configuration or
// retry, except that an absent refresh token is class reconsent.
//
// Source: section 8 of the reference on the Secure Application Model, as of
// 2026-11.
package vault
