// Package entra speaks to the login endpoints of Microsoft Entra ID: it builds
// the authorize URL, redeems authorization codes and refresh tokens, checks
// id_tokens, reads the MFA evidence of a Partner Center token, and turns every
// AADSTS code into a *sam.Problem that says who can end it.
//
// # What may be repeated
//
// A refresh redemption may be sent again: Entra does not revoke the old refresh
// token, so a lost answer costs nothing. It is sent at most twice, and only
// when no HTTP answer came. An authorization code is burnt by its first use; a
// code redemption is sent exactly once, and a lost answer means that the person
// signs in again. An answer of any status is never repeated here: waiting is
// done by re-queueing the work, not by sleeping in a billed handler.
//
// The one further repetition: when Entra refuses the app's own credential
// (class credential), the credential is read again, and if it has changed, the
// form is sent with the new one. If not, the next credential of the Ladder is
// used, where the configuration lists one.
//
// # How the app proves itself
//
// With a managed identity's token (FederatedCredential), an assertion signed by
// a certificate's key (CertificateCredential: PS256, x5t#S256, the key in memory
// or behind a Signer) or a secret (SecretCredential). A Ladder is a list of
// them. Values read from the vault are used for ten minutes.
//
// # Why a plain http.Client
//
// The Azure pipeline reads bodies without a limit, retries by status and sleeps
// on 429, and MSAL keeps refresh tokens to itself on purpose. What is left to
// do is one form POST with rules of its own, so it is made with net/http: one
// MiB of any answer is read, redirects are not followed (the form holds
// secrets), and an attempt ends after 20 seconds.
//
// # Scopes
//
// A scope names exactly one resource. Where the token is for the grant's own
// (home) tenant, "openid profile offline_access" is added, so that a new refresh
// token and an id_token come back; in a customer's tenant nothing is added,
// because nothing of it would be kept.
//
// # Blast radius
//
// The same code means different things by tenant. In the home tenant of the
// grant, class reconsent, credential or policy stops the connection. In a
// customer's tenant only retry, credential and configuration keep their class;
// everything else is that customer's state: class customer or policy, with a
// sam.Reason where the state has a name. GrantRefused tells whether a code
// speaks of the refresh token itself, whatever the tenant.
//
// # Errors and secrets
//
// Every method of Client fails with a *sam.Problem. A problem carries the code,
// the trace id, a claims challenge and our own plain words; error_description
// is never repeated, since it quotes input. Unknown codes keep their number and
// trace id, are classed by their OAuth error, and are reported once each through
// Config.Unknown. Whose turn a problem is and how far it reaches follows from
// class, reason and code: sam.Advise.
//
// # id_tokens
//
// The tenant is read from the unverified payload only to see whether it is on
// the allow-list and to choose its keys. Then go-oidc checks signature (RS256
// only), issuer (the cloud's, for that tenant) and audience; this package checks
// times (five minutes of skew), nonce (in constant time) and, when present,
// c_hash. Access tokens are opaque; Inspect reads a Partner Center token without
// verifying it, as evidence and never as proof of identity.
//
// Source: sections 1 to 4 of the reference on the Secure Application Model, as
// of 2026-11. Durations are time.Duration, times are absolute.
package entra
