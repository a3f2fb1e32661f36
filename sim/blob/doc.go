// Package blob serves the part of Azure Blob Storage that Microsoft's client
// for Go uses on behalf of samkeeper: containers, block blobs put and read as a
// whole, conditions, leases and listings, in memory, at
// /<account>/<container>/<blob>.
//
// # Law
//
//   - Putting a blob gives it a new ETag, never used before; If-Match and
//     If-None-Match are judged against the one it has, and where neither is sent
//     If-Unmodified-Since against the time it was put.
//   - A lease is for 15 to 60 seconds of the service's clock, or for ever. While
//     it runs, only its holder renews, releases, writes or deletes; anybody may
//     break it. One that ran out can still be renewed by its id, until somebody
//     else takes it or the blob is written.
//   - Every account, the first segment of the path, is a world of its own.
//
// Errors are the service's: a status, the code in x-ms-error-code and an XML
// body. What is not listed here is answered 501 NotImplemented. FIDELITY.md of
// the simulator says what was left out.
//
// Sources: Blob Service REST API ("Lease Blob" for the table of outcomes);
// measurements against Azurite 3.37.0. As of November 2026.
package blob
