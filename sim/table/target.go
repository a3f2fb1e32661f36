package table

import "strings"

// target is what the path names behind the account: a table, and perhaps a row.
type target struct {
	table string
	row   *key   // nil: the table
	named string // in Tables('name')
}

// parseTarget reads "Tables", "Tables('name')", "Name", "Name()",
// "Name(PartitionKey='p',RowKey='r')" and "$batch". Quotes in keys are doubled.
func parseTarget(path string) (target, *problem) {
	table, rest, found := strings.Cut(path, "(")
	t := target{table: table}
	inner, closed := strings.CutSuffix(rest, ")")
	switch {
	case table == "" || strings.ContainsAny(table, "/"):
		return t, invalid("InvalidUri", "The requested URI does not represent any resource on the server.")
	case !found || closed && inner == "":
		return t, nil
	case !closed:
		return t, invalid("InvalidUri", "A parenthesis is not closed.")
	case table == "Tables":
		t.named = strings.Trim(inner, "'")
		return t, nil
	}
	partition, rest, ok := strings.Cut(strings.TrimPrefix(inner, "PartitionKey='"), "',RowKey='")
	row, last := strings.CutSuffix(rest, "'")
	if !strings.HasPrefix(inner, "PartitionKey='") || !ok || !last {
		return t, invalid("InvalidUri", "The keys of the entity are missing.")
	}
	unquote := func(s string) string { return strings.ReplaceAll(s, "''", "'") }
	t.row = &key{unquote(partition), unquote(row)}
	return t, checkKey(t.row.partition, t.row.row)
}
