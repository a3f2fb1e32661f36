// Package telemetry makes the logger: one JSON object per line on the writer
// given (standard output in the handler), because the Functions host shows
// standard error as errors and keeps each line as opaque text.
//
// Law of the room:
//
//   - Lines of one invocation carry invocation_id and function, taken from the
//     context: always use the context methods of slog (InfoContext, …). The
//     host itself adds no invocation id to console lines.
//   - Secrets are kept out of logs by sam.Secret. The redaction here is the
//     second net: attributes with telling names are blanked, and whatever
//     looks like a token (JWT, Entra refresh token or code, credentials in a
//     query string) is cut out of messages and values.
//   - Levels mean: error = a person must act, warn = handled oddity, info =
//     change of state, debug = for the developer.
//
// Times are UTC. As of 2026-11.
package telemetry
