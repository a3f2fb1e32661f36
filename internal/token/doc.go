// Package token gives out access tokens: one azcore.TokenCredential per
// (connection, customer tenant), which any Azure SDK client takes, fed from the
// connection's refresh token in the vault.
//
// # Cache
//
// The key is (connection, tenant, scope). A token is given out until five
// minutes before it expires; when Entra suggested an earlier renewal (refresh_in),
// it is renewed from then on, and a failed renewal is no failure while the old
// token lives: it is tried again after half a minute. A hit allocates nothing. The cache is bounded: expired
// tokens go first, then any. A request with a claims challenge passes the cache
// by, since the cached token is the one that was refused, and its result takes
// the cached token's place; so does a request in a context made by Fresh, since
// a cached token tells nothing of a consent given since. Refusals are not cached.
//
// # One flight
//
// For each key at most one redemption is under way; everybody who asks waits
// for it. It runs on its own time (a minute), detached from the caller who
// started it: a caller who gives up leaves, the others still get the token. The
// goroutines belong to the Source; Close ends and awaits them.
//
// # The refresh token
//
// It is read from the vault once per connection and kept for ten minutes. When
// Entra refuses the token itself (entra.GrantRefused), the vault is read again:
// a rotation or a consent may have stored a newer version. Only if the version
// is another one is the redemption tried again, once. A version that was
// confirmed as the newest is not looked up again for a minute, so that a fleet of
// failing customers does not become a storm on the vault. A refresh token that
// comes back is dropped: rotation alone writes the vault.
//
// # Limits
//
// Before each redemption the governor shared by all processes is asked (package
// throttle), and told when Entra refuses for the number of requests: 429, or
// 400 with AADSTS50196 or 90055. A refusal of the governor is a *sam.Problem
// with its wait; a cached token is given out all the same.
//
// # Errors
//
// *sam.Problem, passed on from entra or the vault, wrapped with the tenant where
// the credential was misused. What goes wrong in one customer's tenant is that
// customer's; nothing here remembers it or touches the connection.
package token
