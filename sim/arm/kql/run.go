package kql

import (
	"slices"
	"time"
)

// Result is the answer to a query. Every row has every column.
type Result struct {
	Columns []string
	Rows    []Row
	// Limited: the query itself bounds the number of rows (take, top, count).
	Limited bool
}

// Run answers the query over the rows of its table. columns are the table's.
// A name that is no column, and an aggregate outside summarize, are *Error.
func (q *Query) Run(columns []string, rows []Row, now time.Time) (Result, error) {
	t := table{columns: columns, rows: rows}
	for _, s := range q.steps {
		for _, name := range s.names() {
			if !slices.Contains(t.columns, name) {
				return Result{}, &Error{1, 1, name, "failed to resolve column or scalar expression named '" + name + "'"}
			}
		}
		if name, misplaced := misplacedAggregate(s); misplaced {
			return Result{}, &Error{1, 1, name, "function " + name + "() cannot be used in this context"}
		}
		t = s.apply(t, now)
	}
	return Result{t.columns, t.rows, t.limited}, nil
}

// misplacedAggregate looks for an aggregate that is not directly in summarize.
func misplacedAggregate(s step) (string, bool) {
	var all []expr
	switch s := s.(type) {
	case whereStep:
		all = []expr{s.condition}
	case projectStep:
		all = values(s.columns)
	case extendStep:
		all = values(s.columns)
	case orderStep:
		all = keys(s)
	case topStep:
		all = keys(s.order)
	case summarizeStep:
		all = values(s.by)
		for _, a := range s.aggregates {
			all = append(all, a.call.args...)
		}
	}
	for _, e := range all {
		if name, found := findAggregate(e); found {
			return name, true
		}
	}
	return "", false
}

func values(columns []column) []expr {
	var all []expr
	for _, c := range columns {
		all = append(all, c.value)
	}
	return all
}

func keys(s orderStep) []expr {
	var all []expr
	for _, o := range s.by {
		all = append(all, o.value)
	}
	return all
}

func findAggregate(e expr) (string, bool) {
	var inside []expr
	switch e := e.(type) {
	case call:
		if isAggregate(e.name) {
			return e.name, true
		}
		inside = e.args
	case binary:
		inside = []expr{e.left, e.right}
	case inList:
		inside = append([]expr{e.left}, e.list...)
	case member:
		inside = []expr{e.base}
	}
	for _, i := range inside {
		if name, found := findAggregate(i); found {
			return name, true
		}
	}
	return "", false
}
