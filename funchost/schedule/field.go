package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// kind is one field of an expression: its bounds and the names it accepts.
type kind struct {
	label    string
	min, max int
	names    []string
}

var (
	seconds = kind{label: "second", max: 59}
	minutes = kind{label: "minute", max: 59}
	hours   = kind{label: "hour", max: 23}
	days    = kind{label: "day", min: 1, max: 31}
	months  = kind{label: "month", min: 1, max: 12, names: strings.Fields(
		"january february march april may june july august september october november december")}
	weekdays = kind{label: "weekday", max: 6, names: strings.Fields(
		"sunday monday tuesday wednesday thursday friday saturday")}
)

// field is the set of values that match, as bits.
type field uint64

func (f field) has(value int) bool { return f&(1<<uint(value)) != 0 }

// full reports whether every value of the kind matches.
func (f field) full(k kind) bool {
	for v := k.min; v <= k.max; v++ {
		if !f.has(v) {
			return false
		}
	}
	return true
}

func (f field) count() int {
	n := 0
	for v := range 64 {
		if f.has(v) {
			n++
		}
	}
	return n
}

func (k kind) parse(text string) (field, error) {
	var set field
	for item := range strings.SplitSeq(text, ",") {
		bits, err := k.item(item)
		if err != nil {
			return 0, fmt.Errorf("%s field %q: %w", k.label, text, err)
		}
		set |= bits
	}
	return set, nil
}

// item parses one list element: *, value or range, each with an optional step.
func (k kind) item(text string) (field, error) {
	body, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 {
			return 0, fmt.Errorf("step %q is not a positive number", stepText)
		}
		step = n
	}
	from, to, err := k.bounds(body, stepped)
	if err != nil {
		return 0, err
	}
	var set field
	for v := min(from, to); v <= max(from, to); v += step {
		set |= 1 << uint(v)
	}
	return set, nil
}

func (k kind) bounds(body string, stepped bool) (from, to int, err error) {
	if body == "*" {
		return k.min, k.max, nil
	}
	first, last, ranged := strings.Cut(body, "-")
	if from, err = k.value(first); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		to, err = k.value(last)
	case stepped:
		to = k.max
	default:
		to = from
	}
	return from, to, err
}

func (k kind) value(text string) (int, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n < k.min || n > k.max {
			return 0, fmt.Errorf("%d is not between %d and %d", n, k.min, k.max)
		}
		return n, nil
	}
	for i, name := range k.names {
		if text != "" && strings.HasPrefix(name, strings.ToLower(text)) {
			return k.min + i, nil
		}
	}
	return 0, fmt.Errorf("%q is not a value", text)
}
