// Package wire is what passes between host and handler in envelope mode: how
// trigger data and binding data are written, how an answer is judged, and what
// becomes of its outputs.
//
// Encoding: text is a JSON string holding a JSON string literal, any other
// value that is not an object is a JSON string holding its JSON text, objects
// are objects, dates in Metadata are plain strings without fractions, bytes are
// plain base64. Metadata names match in any case; names that end in "trigger"
// and null values are dropped.
//
// Answers: see [Judge]. [ErrNoAnswer] is the trap of custom handlers: an empty
// body, null or 204 never completes the invocation.
//
// Outputs: see [QueueMessages] and [HTTPOutput]. Strings that happen to be
// base64 or an ISO date are changed on the way, as the host changes them.
//
// Sources: sections 3 and 4 of the project's host reference. As of November 2026.
package wire
