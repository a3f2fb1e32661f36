package rows

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Errors of a [Table].
var (
	ErrNotFound = errors.New("no such row")
	ErrExists   = errors.New("the row exists already")
	ErrChanged  = errors.New("the row was changed by somebody else")
	// ErrConflict: a transaction was refused for one of the reasons above
	// (the service does not say which); nothing of it was applied.
	ErrConflict = errors.New("the transaction met a changed row and was not applied")
)

// Table is a table of rows. Implementations are safe for concurrent use.
type Table interface {
	// Get reads one row, or ErrNotFound.
	Get(context.Context, Key) (Row, error)
	// Insert adds a row, or ErrExists.
	Insert(context.Context, Row) error
	// Replace writes a row over the version its ETag names, or ErrChanged,
	// also when the row is gone.
	Replace(context.Context, Row) error
	// Upsert writes a row, whatever was there.
	Upsert(context.Context, Row) error
	// Delete removes a row; one that is not there is no error.
	Delete(context.Context, Key) error
	// Apply does all actions or none, in one partition, at most 100 and
	// 4 MiB (see Fit); ErrConflict when nothing was applied because of what
	// is in the table.
	Apply(context.Context, []Action) error
	// Query yields the rows asked for in key order, page by page. It ends
	// after the first error.
	Query(context.Context, Query) iter.Seq2[Row, error]
}

// Query says which rows. The zero value means all of them.
type Query struct {
	Partition string // "" for all partitions: a scan of the table
	From, To  string // row keys, From included, To excluded; "" for no bound
	// Where keeps rows whose text column Column equals Value; the service
	// filters, but still reads what it passes over.
	Column, Value string
	Limit         int // at most so many rows; 0 for no limit
}

// ActionKind is what a transaction does to a row.
type ActionKind int

// The kinds of action.
const (
	Insert  ActionKind = iota // the row must not exist
	Replace                   // the row must have this ETag
	Upsert
	Delete // the row must exist
)

// Action is one step of a transaction.
type Action struct {
	Kind ActionKind
	Row  Row // columns are ignored by Delete
}

// Limits of a transaction; the service takes 4 MiB.
const (
	maxActions     = 100
	maxActionBytes = 3 << 20
)

// Fit returns how many of the actions, from the first on, fit one transaction;
// at least one when there are any.
func Fit(actions []Action) int {
	bytes := 0
	for i, a := range actions {
		bytes += a.Row.size()
		if i == maxActions || i > 0 && bytes > maxActionBytes {
			return i
		}
	}
	return len(actions)
}

// checkTransaction finds mistakes of the caller, alike for every table: the
// emulator lets some of them pass.
func checkTransaction(actions []Action) error {
	if n := Fit(actions); n < len(actions) {
		return fmt.Errorf("transaction of %d rows: only %d fit", len(actions), n)
	}
	seen := make(map[Key]bool, len(actions))
	for _, a := range actions {
		if a.Row.Partition != actions[0].Row.Partition {
			return fmt.Errorf("transaction of %d rows: %s and %s are different partitions", len(actions), actions[0].Row.Partition, a.Row.Partition)
		}
		if seen[a.Row.Key] {
			return fmt.Errorf("transaction of %d rows: %s|%s is named twice", len(actions), a.Row.Partition, a.Row.Row)
		}
		seen[a.Row.Key] = true
	}
	return nil
}
