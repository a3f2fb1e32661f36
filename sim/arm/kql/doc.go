// Package kql reads and runs the part of the Kusto query language that fleet
// tools send to Azure Resource Graph.
//
// Law: what is not understood is an error with its place in the text, never an
// empty answer; a column that the table does not have is an error, a missing
// member of a dynamic value is null.
//
// A query is a table name and operators separated by "|": where, extend,
// project, project-away, summarize, distinct, order by (sort by), top, take
// (limit) and count. Expressions know and, or, not(), == != =~ !~ < <= > >=,
// in, in~, has, contains, startswith, endswith (also negated with "!"), members
// by dot or ['name'], literals, and the functions of functions.go.
//
// Values are what encoding/json makes of JSON (string, float64, bool, nil,
// map[string]any, []any) and besides int64 (counts) and time.Time.
//
// Source: the Kusto query language and Resource Graph references, as of
// November 2026.
package kql
