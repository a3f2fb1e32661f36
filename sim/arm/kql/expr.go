package kql

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Row is one row of a table or result.
type Row map[string]any

// expr is a scalar expression. columns lists the columns it refers to.
type expr interface {
	eval(row Row, now time.Time) any
	columns() []string
}

type literal struct{ value any }

func (l literal) eval(Row, time.Time) any { return l.value }
func (literal) columns() []string         { return nil }

// columnRef is a column by its exact name.
type columnRef string

func (c columnRef) eval(row Row, _ time.Time) any { return row[string(c)] }
func (c columnRef) columns() []string             { return []string{string(c)} }

// member is a part of a dynamic value.
type member struct {
	base expr
	name string
}

func (m member) columns() []string { return m.base.columns() }

func (m member) eval(row Row, now time.Time) any {
	switch base := m.base.eval(row, now).(type) {
	case map[string]any:
		return base[m.name]
	case []any:
		if at, err := strconv.Atoi(m.name); err == nil && at >= 0 && at < len(base) {
			return base[at]
		}
	}
	return nil
}

type binary struct {
	operator    string
	left, right expr
}

func (b binary) columns() []string { return append(b.left.columns(), b.right.columns()...) }

func isComparison(operator string) bool {
	_, ok := comparisons[strings.TrimPrefix(operator, "!")]
	return ok || operator == "!=" || operator == "!~"
}

// comparisons are the operators that are not and, or and the lists; has is
// word-wise, the rest of the words ignore case as Kusto's do.
var comparisons = map[string]func(left, right any) bool{
	"==": func(l, r any) bool { return compare(l, r) == 0 },
	"<":  func(l, r any) bool { return compare(l, r) < 0 },
	"<=": func(l, r any) bool { return compare(l, r) <= 0 },
	">":  func(l, r any) bool { return compare(l, r) > 0 },
	">=": func(l, r any) bool { return compare(l, r) >= 0 },
	"=~": func(l, r any) bool { return strings.EqualFold(text(l), text(r)) },
	"contains": func(l, r any) bool {
		return strings.Contains(strings.ToLower(text(l)), strings.ToLower(text(r)))
	},
	"startswith": func(l, r any) bool {
		return strings.HasPrefix(strings.ToLower(text(l)), strings.ToLower(text(r)))
	},
	"endswith": func(l, r any) bool {
		return strings.HasSuffix(strings.ToLower(text(l)), strings.ToLower(text(r)))
	},
	"has": func(l, r any) bool { return hasWord(strings.ToLower(text(l)), strings.ToLower(text(r))) },
}

func (b binary) eval(row Row, now time.Time) any {
	left := b.left.eval(row, now)
	switch b.operator {
	case "and":
		return truth(left) && truth(b.right.eval(row, now))
	case "or":
		return truth(left) || truth(b.right.eval(row, now))
	}
	right := b.right.eval(row, now)
	switch b.operator {
	case "!=":
		return !comparisons["=="](left, right)
	case "!~":
		return !comparisons["=~"](left, right)
	}
	if positive, negated := strings.CutPrefix(b.operator, "!"); negated {
		return !comparisons[positive](left, right)
	}
	return comparisons[b.operator](left, right)
}

// hasWord finds term between characters that are neither letters nor digits.
func hasWord(s, term string) bool {
	inWord := func(b byte) bool { return b != '_' && letter(b) || digit(b) }
	for from := 0; ; {
		at := strings.Index(s[from:], term)
		if at < 0 {
			return false
		}
		at += from
		stop := at + len(term)
		if (at == 0 || !inWord(s[at-1])) && (stop == len(s) || !inWord(s[stop])) {
			return true
		}
		if from = at + 1; from > len(s) {
			return false
		}
	}
}

// inList is "left in (…)", with ~ for any case and ! for the opposite.
type inList struct {
	operator string
	left     expr
	list     []expr
}

func (l inList) columns() []string {
	all := l.left.columns()
	for _, e := range l.list {
		all = append(all, e.columns()...)
	}
	return all
}

func (l inList) eval(row Row, now time.Time) any {
	same := comparisons["=="]
	if strings.HasSuffix(l.operator, "~") {
		same = comparisons["=~"]
	}
	left := l.left.eval(row, now)
	found := slices.ContainsFunc(l.list, func(e expr) bool { return same(left, e.eval(row, now)) })
	return found != strings.HasPrefix(l.operator, "!")
}

// truth is the value of a condition; null is false.
func truth(v any) bool {
	b, ok := v.(bool)
	return ok && b
}

// text is tostring(): null is empty, dynamic values are JSON.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.0000000Z")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case map[string]any, []any:
		return asJSON(v)
	}
	return fmt.Sprint(v)
}

// compare orders numbers by value, times by time, everything else as text.
func compare(left, right any) int {
	if l, ok := asNumber(left); ok {
		if r, ok := asNumber(right); ok {
			return cmp.Compare(l, r)
		}
	}
	l, lt := left.(time.Time)
	r, rt := right.(time.Time)
	switch {
	case lt && !rt:
		r, rt = parseTime(text(right))
	case rt && !lt:
		l, lt = parseTime(text(left))
	}
	if lt && rt {
		return l.Compare(r)
	}
	return cmp.Compare(text(left), text(right))
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}
