// Package table serves the part of Azure Table Storage that Microsoft's client
// for Go uses on behalf of samkeeper: tables, entities, queries and entity
// group transactions, in memory, at /<account>/<table>….
//
// # Law
//
//   - Rows of a table lie in the order of (PartitionKey, RowKey), compared byte
//     by byte. A point read, a write and the start of a range cost O(log n).
//   - Every write gives the row a new ETag, never used before; a write with
//     If-Match counts only over the version it names.
//   - A transaction applies as a whole or not at all: at most 100 rows of one
//     partition, each once, in 4 MiB. Its answer is 202 either way; what
//     was wrong stands in the part of the culprit.
//   - A page of a query ends after 1,000 rows, after $top, or after 10,000 rows
//     looked at, and names where the next one begins. A page may be empty.
//   - Every account, the first segment of the path, is a world of its own.
//
// Errors are the service's: a status, and a code in an "odata.error" body.
// What is not listed here is answered 501 NotImplemented. FIDELITY.md of the
// simulator says what was left out.
//
// Sources: Table Service REST API, version 2019-02-02; measurements against
// Azurite 3.37.0. As of November 2026.
package table
