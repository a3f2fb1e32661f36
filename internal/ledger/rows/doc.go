// Package rows is what the ledger needs of a table service: rows found by
// partition and row key, kept in key order, guarded by ETags, changed singly or
// in transactions of one partition. [Azure] is the real one, over Azure Tables;
// [NewMemory] is the same law over a map, for tests.
//
// # Columns
//
// [Encode] turns a struct into columns: its JSON fields. Zero values are not
// stored. A field that is itself an object or array becomes one text column of
// JSON, its name ending in "JSON". Times are text in RFC 3339 with nanoseconds,
// UTC. Text is cut at [MaxText] UTF-16 units, ending in "…", since the service
// refuses a whole row for one value over 64 KiB; a JSON column that long is an
// error instead, because half of it means nothing.
//
// # Keys
//
// [Part] makes any text safe inside a key: letters, digits, "-", "_" and "."
// stay, every other byte becomes "~" and two hex digits, and what is longer than
// 200 bytes is cut and ended with its hash. Different texts stay different. Parts
// are joined with "|". [Inverted] makes keys that sort the other way round.
//
// # Errors
//
// [ErrNotFound], [ErrExists], [ErrChanged] and, for transactions, [ErrConflict]:
// nothing was applied, read again and decide again. Anything else is the
// service's failure; clients built by package storage report it as *sam.Problem.
//
// Limits of the service (documentation, 2026-11): 100 rows and 4 MiB in a
// transaction, 1 MiB in a row, 1 KiB in a key.
package rows
