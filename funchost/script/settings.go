package script

import (
	"fmt"
	"regexp"
	"strings"
)

// Settings are app settings: environment variables, looked up in any case as
// .NET configuration does. The zero value is empty.
type Settings struct{ values map[string]string }

// NewSettings reads NAME=value pairs; a later pair wins.
func NewSettings(env []string) Settings {
	s := Settings{values: make(map[string]string, len(env))}
	for _, pair := range env {
		if name, value, ok := strings.Cut(pair, "="); ok {
			s.values[strings.ToLower(name)] = value
		}
	}
	return s
}

// Get looks a setting up.
func (s Settings) Get(name string) (string, bool) {
	value, ok := s.values[strings.ToLower(name)]
	return value, ok
}

// Enabled reports whether the setting is true or 1.
func (s Settings) Enabled(name string) bool {
	value, _ := s.Get(name)
	return strings.EqualFold(value, "true") || value == "1"
}

var reference = regexp.MustCompile(`%([^%]*)%`)

// Resolve replaces %SETTING% in a binding attribute; an unset one is an error.
func (s Settings) Resolve(text string) (string, error) {
	var missing error
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		value, ok := s.Get(ref[1 : len(ref)-1])
		if !ok && missing == nil {
			missing = fmt.Errorf("'%s' does not resolve to a value", ref)
		}
		return value
	})
	return out, missing
}

// Expand replaces %VAR% in the worker description; an unset one is empty.
func (s Settings) Expand(text string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		value, _ := s.Get(ref[1 : len(ref)-1])
		return value
	})
}
