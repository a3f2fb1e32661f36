package route

import (
	"net/url"
	"slices"
	"strings"
)

// Params are the route values of a match. A nil value stands for an optional
// parameter that the path leaves out.
type Params map[string]*string

// Match compares a path, percent-encoded and without the leading slash, with
// the template.
func (t Template) Match(path string) (Params, bool) {
	var parts []string
	if path = strings.Trim(path, "/"); path != "" {
		parts = strings.Split(path, "/")
	}
	params := Params{}
	for i, s := range t.segments {
		if s.rest {
			rest := strings.Join(parts[min(i, len(parts)):], "/")
			return params, params.take(s, rest, rest != "")
		}
		var part string
		if i < len(parts) {
			part = parts[i]
		}
		if s.name == "" && !strings.EqualFold(decode(part), s.literal) {
			return nil, false
		}
		if s.name != "" && !params.take(s, part, i < len(parts)) {
			return nil, false
		}
	}
	return params, len(parts) <= len(t.segments)
}

// take stores a parameter's value and reports whether it is acceptable.
func (p Params) take(s segment, raw string, present bool) bool {
	value := decode(raw)
	switch {
	case !present && s.fallback != "":
		value = s.fallback
	case !present && (s.optional || s.rest):
		p[s.name] = nil
		return true
	case value == "":
		return false
	}
	for _, accepts := range s.constraints {
		if !accepts(value) {
			return false
		}
	}
	p[s.name] = &value
	return true
}

func decode(raw string) string {
	if value, err := url.PathUnescape(raw); err == nil {
		return value
	}
	return raw
}

// Overlap reports whether two templates are the same apart from letter case
// and parameter names.
func (t Template) Overlap(other Template) bool {
	return slices.EqualFunc(t.segments, other.segments, func(a, b segment) bool {
		return strings.EqualFold(a.literal, b.literal) && a.rank() == b.rank()
	})
}

// Compare orders templates: the more specific first.
func Compare(a, b Template) int {
	for i := range min(len(a.segments), len(b.segments)) {
		if d := a.segments[i].rank() - b.segments[i].rank(); d != 0 {
			return d
		}
	}
	return len(b.segments) - len(a.segments)
}

func (s segment) rank() int {
	switch {
	case s.name == "":
		return 0
	case s.rest:
		return 3
	case len(s.constraints) > 0:
		return 1
	}
	return 2
}
