// Package upstream is how samkeeper calls Microsoft's HTTP APIs: one pipeline,
// one refusal to wait, one reading of what a refusal says.
//
// The laws, for every adapter built on it (Partner Center, Graph, ARM):
//
//   - A call made for a job is admitted by the shared governor (package
//     throttle) before a token is fetched, and its answer is shown to it; see
//     [Govern]. What is not admitted is a [sam.Problem], and was not sent.
//   - A handler is billed while it waits, so nothing here sleeps. A request is
//     repeated at most once, at once, and only when no answer came or the
//     service said 500, 502, 503 or 504 without a Retry-After. Throttling (429)
//     is never repeated; it comes back as a [sam.Problem] with RetryAfter and
//     the job is queued again.
//   - A token goes to the configured host and to no other: continuation links
//     that name another host are refused before a token is attached.
//   - Bodies are bounded: 64 MiB of answer, 64 KiB of a refusal.
//   - Tokens come from an azcore.TokenCredential; a claims challenge (401
//     insufficient_claims) is passed on to it once, whether the claims are
//     padded base64 or not.
//
// Every error that leaves an adapter is a *sam.Problem. Its cause is the
// service's own words, bounded, when it answered.
//
// Sources: sections 5.5, 6.1, 7.1 and 7.8 of the reference on the Secure
// Application Model, as of 2026-11. Units: time.Duration throughout.
package upstream
