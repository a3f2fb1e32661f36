// Package telemetry makes the logger and the traces.
//
// Log lines are one JSON object each on the writer given (standard output in
// the handler), because the Functions host shows standard error as errors and
// keeps each line as opaque text. Traces go to an OTLP/HTTP collector when one
// is configured, and nowhere otherwise.
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
//   - Spans hold facts of a closed list and no text from outside: for an
//     invocation its function, id and outcome; for an outgoing request its
//     method, host, path template and status. Never a query, a header, a body,
//     an error's text or a customer's id.
//   - Nothing waits for the collector: spans are sent in batches from a queue
//     that drops what it cannot hold, and stopping takes 1.5 s at most.
//   - Levels mean: error = a person must act, warn = handled oddity, info =
//     change of state, debug = for the developer.
//
// Times are UTC. As of 2026-11.
package telemetry
