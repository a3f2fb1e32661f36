package graph

import (
	"net/http"
	"strings"
)

// comparison is one "path eq 'value'" of a $filter.
type comparison struct {
	path  string // "customer/tenantId"
	equal bool   // eq, else ne
	value string
}

// filter is a conjunction of comparisons; nil matches everything.
type filter []comparison

// matches asks field for the value of each path.
func (f filter) matches(field func(path string) string) bool {
	for _, c := range f {
		if strings.EqualFold(field(c.path), c.value) != c.equal {
			return false
		}
	}
	return true
}

// value is what the filter fixes path to, if it does.
func (f filter) value(path string) (string, bool) {
	for _, c := range f {
		if c.path == path && c.equal {
			return c.value, true
		}
	}
	return "", false
}

func badFilter(text string) refusal {
	return refusal{http.StatusBadRequest, "Request_UnsupportedQuery", "Invalid or unsupported filter clause: " + text}
}

// parseFilter reads comparisons of string properties by eq and ne, joined by
// and. Everything else of OData is refused rather than guessed.
func parseFilter(text string, allowed ...string) (filter, error) {
	var f filter
	rest := strings.TrimSpace(text)
	for rest != "" {
		if len(f) > 0 {
			word, after := cutWord(rest)
			if word != "and" {
				return nil, badFilter(text)
			}
			rest = after
		}
		c, after, ok := parseComparison(rest)
		if !ok || !contains(allowed, c.path) {
			return nil, badFilter(text)
		}
		f, rest = append(f, c), strings.TrimSpace(after)
	}
	return f, nil
}

func parseComparison(text string) (comparison, string, bool) {
	path, rest := cutWord(text)
	operator, rest := cutWord(rest)
	if path == "" || operator != "eq" && operator != "ne" {
		return comparison{}, "", false
	}
	value, rest, ok := cutString(rest)
	return comparison{path, operator == "eq", value}, rest, ok
}

// cutWord splits at the first run of spaces.
func cutWord(text string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimLeft(text, " "), " ")
	return word, strings.TrimLeft(rest, " ")
}

// cutString reads a literal in single quotes, in which ” stands for '.
func cutString(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, "'") {
		return "", text, false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		rest = text[i+1:]
		return b.String(), rest, rest == "" || rest[0] == ' '
	}
	return "", text, false
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
