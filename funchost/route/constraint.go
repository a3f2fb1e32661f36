package route

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// constraint accepts or refuses a parameter's text.
type constraint func(value string) bool

var alpha = regexp.MustCompile(`^[A-Za-z]*$`)

// plain are the constraints without argument.
var plain = map[string]constraint{
	"int":      func(v string) bool { _, err := strconv.ParseInt(v, 10, 32); return err == nil },
	"long":     func(v string) bool { _, err := strconv.ParseInt(v, 10, 64); return err == nil },
	"bool":     func(v string) bool { return strings.EqualFold(v, "true") || strings.EqualFold(v, "false") },
	"guid":     func(v string) bool { return uuid.Validate(v) == nil && !strings.HasPrefix(v, "urn:") },
	"alpha":    alpha.MatchString,
	"decimal":  isNumber,
	"double":   isNumber,
	"float":    isNumber,
	"datetime": isDate,
	"required": func(v string) bool { return v != "" },
}

func isNumber(v string) bool { _, err := strconv.ParseFloat(v, 64); return err == nil }

func isDate(v string) bool {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02", "01/02/2006"} {
		if _, err := time.Parse(layout, v); err == nil {
			return true
		}
	}
	return false
}

func parseConstraint(text string) (constraint, error) {
	if c, ok := plain[strings.ToLower(text)]; ok {
		return c, nil
	}
	name, argument, ok := strings.Cut(text, "(")
	argument, closed := strings.CutSuffix(argument, ")")
	if !ok || !closed {
		return nil, fmt.Errorf("constraint %q is unknown", text)
	}
	if strings.EqualFold(name, "regex") {
		re, err := regexp.Compile("(?i)" + argument)
		if err != nil {
			return nil, fmt.Errorf("constraint %q: %w", text, err)
		}
		return re.MatchString, nil
	}
	numbers, err := integers(argument)
	if err != nil {
		return nil, fmt.Errorf("constraint %q: %w", text, err)
	}
	return numeric(strings.ToLower(name), numbers, text)
}

func integers(list string) ([]int64, error) {
	var numbers []int64
	for item := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(item), 10, 64)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func numeric(name string, n []int64, text string) (constraint, error) {
	length := func(v string) int64 { return int64(utf8.RuneCountInString(v)) }
	value := func(test func(int64) bool) constraint {
		return func(v string) bool { i, err := strconv.ParseInt(v, 10, 64); return err == nil && test(i) }
	}
	switch {
	case name == "length" && len(n) == 1:
		return func(v string) bool { return length(v) == n[0] }, nil
	case name == "length" && len(n) == 2:
		return func(v string) bool { return length(v) >= n[0] && length(v) <= n[1] }, nil
	case name == "minlength" && len(n) == 1:
		return func(v string) bool { return length(v) >= n[0] }, nil
	case name == "maxlength" && len(n) == 1:
		return func(v string) bool { return length(v) <= n[0] }, nil
	case name == "min" && len(n) == 1:
		return value(func(i int64) bool { return i >= n[0] }), nil
	case name == "max" && len(n) == 1:
		return value(func(i int64) bool { return i <= n[0] }), nil
	case name == "range" && len(n) == 2:
		return value(func(i int64) bool { return i >= n[0] && i <= n[1] }), nil
	}
	return nil, fmt.Errorf("constraint %q is unknown", text)
}
