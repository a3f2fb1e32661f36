// Package hostwire reads the invocation envelope of the Functions host and
// writes its answer. It is the wire only: it knows no function and decides
// nothing.
//
// The host posts {"Data":{<binding>:…},"Metadata":{…}} with a chunked body to
// /<FunctionName> for every trigger but forwarded HTTP. Shapes:
//
//   - Timer: Data.<binding> is an object in PascalCase; ScheduleStatus is null
//     when the schedule is not monitored.
//   - Queue with "dataType": "binary": Data.<binding> is one base64 string of
//     the message's bytes, and nothing of the message is merged into Metadata.
//   - Everything in Metadata that is not a date or an object is JSON text
//     inside a JSON string ("\"1\""); the documentation shows it encoded once.
//     Both forms are read: a string that holds a JSON string literal is
//     decoded exactly once more.
//
// Metadata is informational here: without "binary" a sender could overwrite it
// with keys of the message, so no outcome may hang on it.
//
// The answer to a success is a JSON object with Content-Type application/json,
// at least {}. An empty answer or 204 would leave the invocation hanging until
// the host's timeout and end in the death of the process: Succeed is the one
// place that writes it.
//
// Errors: ErrTooLarge, ErrMalformed and ErrNoBinding, to be tested with
// errors.Is. Times are UTC. Source: reference on the Functions host, sections
// 3 and 4 (host 4.1037, SDK of 2024-10), as of 2026-11.
package hostwire
