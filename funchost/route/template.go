package route

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Template is a parsed route template.
type Template struct {
	text     string
	segments []segment
}

// segment is a literal, or a parameter when name is set.
type segment struct {
	literal     string
	name        string
	constraints []constraint
	fallback    string // the default value
	optional    bool
	rest        bool // catch-all
}

var paramName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Parse reads a template without leading slash. The host reserves templates
// that begin with admin or runtime.
func Parse(text string) (Template, error) {
	t := Template{text: text}
	text = strings.Trim(text, "/")
	if lower := strings.ToLower(text); strings.HasPrefix(lower, "admin") || strings.HasPrefix(lower, "runtime") {
		return t, fmt.Errorf("route %q: must not begin with admin or runtime", t.text)
	}
	if text == "" {
		return t, nil
	}
	for _, part := range splitSegments(text) {
		s, err := parseSegment(part)
		if err != nil {
			return t, fmt.Errorf("route %q: %w", t.text, err)
		}
		if n := len(t.segments); n > 0 && t.segments[n-1].rest {
			return t, fmt.Errorf("route %q: a catch-all must be last", t.text)
		}
		t.segments = append(t.segments, s)
	}
	return t, t.check()
}

func (t Template) check() error {
	seen := map[string]bool{}
	open := false
	for _, s := range t.segments {
		if name := strings.ToLower(s.name); name != "" && seen[name] {
			return fmt.Errorf("route %q: parameter %s appears twice", t.text, s.name)
		}
		seen[strings.ToLower(s.name)] = true
		omissible := s.optional || s.rest || s.fallback != ""
		if open && !omissible {
			return fmt.Errorf("route %q: an optional parameter must be last", t.text)
		}
		open = open || s.optional
	}
	return nil
}

// String is the template as it was written.
func (t Template) String() string { return t.text }

// splitSegments cuts at slashes outside braces: a regex may contain one.
func splitSegments(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case r == '/' && depth <= 0:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	return append(parts, text[from:])
}

func parseSegment(text string) (segment, error) {
	if text == "" {
		return segment{}, errors.New("empty segment")
	}
	if !strings.ContainsAny(text, "{}") {
		return segment{literal: text}, nil
	}
	if text[0] != '{' || text[len(text)-1] != '}' || len(text) < 3 {
		return segment{}, fmt.Errorf("segment %q mixes text and parameter, which this host does not support", text)
	}
	return parseParameter(text[1 : len(text)-1])
}

func parseParameter(body string) (segment, error) {
	var s segment
	if trimmed := strings.TrimLeft(body, "*"); trimmed != body {
		s.rest, body = true, trimmed
	}
	body, s.optional = strings.CutSuffix(body, "?")
	name, constraints, constrained := strings.Cut(body, ":")
	if !constrained {
		name, s.fallback, _ = strings.Cut(name, "=")
	}
	if !paramName.MatchString(name) {
		return s, fmt.Errorf("parameter name %q is not valid", name)
	}
	s.name = name
	if !constrained {
		return s, nil
	}
	for _, text := range splitConstraints(constraints) {
		c, err := parseConstraint(text)
		if err != nil {
			return s, fmt.Errorf("parameter %s: %w", name, err)
		}
		s.constraints = append(s.constraints, c)
	}
	return s, nil
}

// splitConstraints cuts at colons outside parentheses.
func splitConstraints(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ':' && depth <= 0:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	return append(parts, text[from:])
}
