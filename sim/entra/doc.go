// Package entra is the simulated Entra ID: discovery, keys, the sign-in pages
// behind authorize, and the token endpoint, each in the v1.0 and v2.0 form.
//
// Law: no state about tenants lives here. Who exists, what is consented and
// which refresh tokens are good is the world's; this package holds only what
// dies within minutes: authorization codes (10 minutes, single use) and
// sign-ins under way.
//
// Errors have the body of section "error body" of Entra's protocol reference:
// error, error_description (AADSTSnnnnn), error_codes, timestamp, trace_id,
// correlation_id, error_uri, and suberror and claims where Entra sends them.
// What is faithful and what is not: sim/FIDELITY.md. As of November 2026.
package entra
