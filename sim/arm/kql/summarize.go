package kql

import (
	"strings"
	"time"
)

// aggregate is one result column of summarize.
type aggregate struct {
	name string
	call call
}

func isAggregate(name string) bool {
	switch name {
	case "count", "countif", "dcount", "min", "max", "sum":
		return true
	}
	return false
}

// summarizeStep groups rows; without aggregates it is distinct.
type summarizeStep struct {
	aggregates []aggregate
	by         []column
}

func (s summarizeStep) names() []string {
	all := namesOf(s.by)
	for _, a := range s.aggregates {
		all = append(all, a.call.columns()...)
	}
	return all
}

func (s summarizeStep) apply(t table, now time.Time) table {
	out := table{rows: []Row{}}
	for _, c := range s.by {
		out.columns = append(out.columns, c.name)
	}
	for _, a := range s.aggregates {
		out.columns = append(out.columns, a.name)
	}
	groups := map[string]int{}
	var members [][]Row
	for _, row := range t.rows {
		made := make(Row, len(out.columns))
		var key strings.Builder
		for _, c := range s.by {
			made[c.name] = c.value.eval(row, now)
			key.WriteString(text(made[c.name]) + "\x00")
		}
		at, known := groups[key.String()]
		if !known {
			at = len(members)
			groups[key.String()] = at
			out.rows, members = append(out.rows, made), append(members, nil)
		}
		members[at] = append(members[at], row)
	}
	if len(s.by) == 0 {
		out.rows, members = []Row{{}}, [][]Row{t.rows}
	}
	for i, row := range out.rows {
		for _, a := range s.aggregates {
			row[a.name] = a.over(members[i], now)
		}
	}
	return out
}

// over computes the aggregate of a group.
func (a aggregate) over(rows []Row, now time.Time) any {
	if len(a.call.args) == 0 {
		return int64(len(rows))
	}
	argument := a.call.args[0]
	seen := map[string]bool{}
	var count int64
	var sum float64
	var least, most any
	for i, row := range rows {
		v := argument.eval(row, now)
		if truth(v) {
			count++
		}
		seen[text(v)] = true
		n, _ := asNumber(v)
		sum += n
		if i == 0 || compare(v, least) < 0 {
			least = v
		}
		if i == 0 || compare(most, v) < 0 {
			most = v
		}
	}
	switch a.call.name {
	case "countif":
		return count
	case "dcount":
		return int64(len(seen))
	case "min":
		return least
	case "max":
		return most
	case "sum":
		return sum
	}
	return int64(len(rows))
}
