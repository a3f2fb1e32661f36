// Package consent takes one person through one sign-in and puts the refresh
// token that comes of it into the vault, and nowhere else.
//
// # Law
//
// A token is stored only when every check below has passed, in this order. The
// first that fails ends the attempt: nothing is stored, and the person reads
// one plain sentence, what to do, and a reference number ([Refusal]).
//
//	Start     vault can be read and written → state row → sealed cookie → redirect
//	Complete  shape      method of the configured response mode, no field twice, no field oversized
//	          error      tested before anything else; admin_consent=True comes with errors, too
//	          cookie     opens, has not expired, carries the very state that came back
//	          state      consumed once, by exactly one caller
//	          code       redeemed at the tenant that Start named, with the PKCE verifier
//	          id_token   signature, issuer, audience, nonce, expiry, tenant (package entra)
//	          account    on the allow-list, not a guest
//	          evidence   access token: same tenant, user and app, right audience, amr has "mfa"
//	          grant      a refresh token came
//	          intent     audit row written; without it nothing is stored
//	          vault      new version, read back, equal
//	          status     connection row, audit outcome
//
// # What binds an answer to a browser
//
// The state id (32 random bytes, one row in the ledger, single use, 15
// minutes) travels through the identity provider. The cookie stays in the
// browser and carries the same id with nonce, PKCE verifier, tenant and
// expiry, sealed with AES-256-GCM under a key derived (HKDF-SHA256) from the
// vault's state key; a key that was replaced within those 15 minutes still
// opens its cookies. An answer needs both. With response mode form_post the
// answer is a cross-site POST, so the cookie is SameSite=None; Secure; the
// __Host- prefix ties it to this host and to TLS.
//
// # MFA
//
// No authorize parameter guarantees MFA. prompt=login asks for fresh evidence
// instead of a remembered session, the partner tenant's policy must demand
// MFA, and the Partner Center access token must show it: amr is a claim of
// version 1.0 tokens, which is what Partner Center gets; a version 2.0
// id_token proves nothing about it.
//
// # A customer that consents itself
//
// A tenant on the list Direct makes a connection of kind direct, which serves
// that tenant alone. It has no Partner Center, so the sign-in names Microsoft
// Graph, and the evidence is read from Graph's access token. Graph issues
// version 1.0 tokens with amr today, but calls them opaque: should that change,
// such consents are refused with a plain sentence, never stored unproved. Of
// the accounts of that tenant only those on the same allow-list may consent.
//
// # What a crash leaves behind
//
// Before the code is redeemed: an unused state row that expires. Between
// redemption and vault write: a grant that nobody holds, which the person
// replaces by starting again. After the vault write: a complete version that
// rotation finds by listing the vault, even without a connection row.
//
// After the code is redeemed the steps no longer depend on the browser: they
// run to their end, at most a minute, even when the person closes the page.
//
// Secrets appear in no error, log line, audit row or page. Text that came from
// the other side (error_description above all) is never shown, escaped or not.
//
// Facts: sections 1.2, 1.3, 2 and 4 of the reference on the Secure Application
// Model, as of 2026-11; RFC 6749, 7636, 6265bis.
package consent
