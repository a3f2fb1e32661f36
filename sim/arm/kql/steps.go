package kql

import (
	"slices"
	"time"
)

// table is what flows from step to step.
type table struct {
	columns []string
	rows    []Row
	// limited: take, top or count said how many rows there are at most, so
	// the result is complete as it is.
	limited bool
}

// step is one operator. names are the columns it refers to; apply must not
// change rows it did not make.
type step interface {
	names() []string
	apply(t table, now time.Time) table
}

type whereStep struct{ condition expr }

func (s whereStep) names() []string { return s.condition.columns() }

func (s whereStep) apply(t table, now time.Time) table {
	kept := make([]Row, 0, len(t.rows))
	for _, row := range t.rows {
		if truth(s.condition.eval(row, now)) {
			kept = append(kept, row)
		}
	}
	t.rows = kept
	return t
}

// column is a named expression.
type column struct {
	name  string
	value expr
}

func namesOf(columns []column) []string {
	var all []string
	for _, c := range columns {
		all = append(all, c.value.columns()...)
	}
	return all
}

type projectStep struct{ columns []column }

func (s projectStep) names() []string { return namesOf(s.columns) }

func (s projectStep) apply(t table, now time.Time) table {
	out := table{limited: t.limited, rows: make([]Row, len(t.rows))}
	for _, c := range s.columns {
		if !slices.Contains(out.columns, c.name) {
			out.columns = append(out.columns, c.name)
		}
	}
	for i, row := range t.rows {
		made := make(Row, len(s.columns))
		for _, c := range s.columns {
			made[c.name] = c.value.eval(row, now)
		}
		out.rows[i] = made
	}
	return out
}

type extendStep struct{ columns []column }

func (s extendStep) names() []string { return namesOf(s.columns) }

func (s extendStep) apply(t table, now time.Time) table {
	all := make([]column, 0, len(t.columns)+len(s.columns))
	for _, name := range t.columns {
		all = append(all, column{name, columnRef(name)})
	}
	return projectStep{append(all, s.columns...)}.apply(t, now)
}

type awayStep struct{ away []string }

func (s awayStep) names() []string { return s.away }

func (s awayStep) apply(t table, now time.Time) table {
	var kept []column
	for _, name := range t.columns {
		if !slices.Contains(s.away, name) {
			kept = append(kept, column{name, columnRef(name)})
		}
	}
	return projectStep{kept}.apply(t, now)
}

type ordering struct {
	value      expr
	descending bool
}

type orderStep struct{ by []ordering }

func (s orderStep) names() []string {
	var all []string
	for _, o := range s.by {
		all = append(all, o.value.columns()...)
	}
	return all
}

func (s orderStep) apply(t table, now time.Time) table {
	t.rows = slices.Clone(t.rows)
	slices.SortStableFunc(t.rows, func(a, b Row) int {
		for _, o := range s.by {
			c := compare(o.value.eval(a, now), o.value.eval(b, now))
			if o.descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return t
}

type takeStep struct{ n int }

func (takeStep) names() []string { return nil }

func (s takeStep) apply(t table, _ time.Time) table {
	t.rows, t.limited = t.rows[:min(s.n, len(t.rows))], true
	return t
}

type topStep struct {
	order orderStep
	n     int
}

func (s topStep) names() []string { return s.order.names() }

func (s topStep) apply(t table, now time.Time) table {
	return takeStep{s.n}.apply(s.order.apply(t, now), now)
}

type countStep struct{}

func (countStep) names() []string { return nil }

func (countStep) apply(t table, _ time.Time) table {
	return table{[]string{"Count"}, []Row{{"Count": int64(len(t.rows))}}, true}
}
