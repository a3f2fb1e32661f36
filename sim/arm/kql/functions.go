package kql

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// call is a function, or an aggregate inside summarize.
type call struct {
	name string
	args []expr
}

func (c call) columns() []string {
	var all []string
	for _, a := range c.args {
		all = append(all, a.columns()...)
	}
	return all
}

func (c call) eval(row Row, now time.Time) any {
	f, ok := functions[c.name]
	if !ok {
		return nil // an aggregate, which Query.check refuses outside summarize
	}
	args := make([]any, len(c.args))
	for i, a := range c.args {
		args[i] = a.eval(row, now)
	}
	return f.apply(args, now)
}

// function is a scalar function taking least to most arguments.
type function struct {
	least, most int
	apply       func(args []any, now time.Time) any
}

const any64 = 64 // "any number" of arguments

var functions = map[string]function{
	"tostring":   {1, 1, func(a []any, _ time.Time) any { return text(a[0]) }},
	"tolower":    {1, 1, func(a []any, _ time.Time) any { return strings.ToLower(text(a[0])) }},
	"toupper":    {1, 1, func(a []any, _ time.Time) any { return strings.ToUpper(text(a[0])) }},
	"isempty":    {1, 1, func(a []any, _ time.Time) any { return text(a[0]) == "" }},
	"isnotempty": {1, 1, func(a []any, _ time.Time) any { return text(a[0]) != "" }},
	"isnull":     {1, 1, func(a []any, _ time.Time) any { return a[0] == nil }},
	"isnotnull":  {1, 1, func(a []any, _ time.Time) any { return a[0] != nil }},
	"not":        {1, 1, func(a []any, _ time.Time) any { return !truth(a[0]) }},
	"strlen":     {1, 1, func(a []any, _ time.Time) any { return int64(len([]rune(text(a[0])))) }},
	"now":        {0, 0, func(_ []any, now time.Time) any { return now }},
	"ago":        {1, 1, ago},
	"todatetime": {1, 1, toDatetime},
	"toint":      {1, 1, toNumber},
	"tolong":     {1, 1, toNumber},
	"todouble":   {1, 1, toNumber},
	"tobool":     {1, 1, func(a []any, _ time.Time) any { return strings.EqualFold(text(a[0]), "true") }},
	"todynamic":  {1, 1, func(a []any, _ time.Time) any { return parseJSON(a[0]) }},
	"parse_json": {1, 1, func(a []any, _ time.Time) any { return parseJSON(a[0]) }},
	"coalesce":   {1, any64, coalesce},
	"strcat":     {1, any64, strcat},
	"split":      {2, 2, split},
	"iff":        {3, 3, iff},
	"iif":        {3, 3, iff},
}

func callable(name string, args int) bool {
	if isAggregate(name) {
		return args <= 1
	}
	f, ok := functions[name]
	return ok && args >= f.least && args <= f.most
}

func ago(a []any, now time.Time) any {
	if d, ok := a[0].(time.Duration); ok {
		return now.Add(-d)
	}
	return nil
}

func toDatetime(a []any, _ time.Time) any {
	if t, ok := a[0].(time.Time); ok {
		return t
	}
	if t, ok := parseTime(text(a[0])); ok {
		return t
	}
	return nil
}

func toNumber(a []any, _ time.Time) any {
	if n, ok := asNumber(a[0]); ok {
		return n
	}
	if n, err := strconv.ParseFloat(text(a[0]), 64); err == nil {
		return n
	}
	return nil
}

func coalesce(a []any, _ time.Time) any {
	for _, v := range a {
		if v != nil && v != "" {
			return v
		}
	}
	return nil
}

func strcat(a []any, _ time.Time) any {
	var b strings.Builder
	for _, v := range a {
		b.WriteString(text(v))
	}
	return b.String()
}

func split(a []any, _ time.Time) any {
	var parts []any
	for part := range strings.SplitSeq(text(a[0]), text(a[1])) {
		parts = append(parts, part)
	}
	return parts
}

func iff(a []any, _ time.Time) any {
	if truth(a[0]) {
		return a[1]
	}
	return a[2]
}

func parseJSON(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	var out any
	if json.Unmarshal([]byte(s), &out) != nil {
		return nil
	}
	return out
}

func asJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}
