package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/funchost/schedule"
)

// flat is configuration as .NET holds it: lower-case keys joined by colons,
// array elements numbered, every value text. It collects faults on reading.
type flat struct {
	values map[string]string
	faults []error
}

// jobHostPrefix marks environment variables that override host.json.
const jobHostPrefix = "azurefunctionsjobhost__"

func flatten(raw []byte, settings Settings) (*flat, error) {
	var root map[string]any
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	decoder.UseNumber()
	if err := decoder.Decode(&root); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("text after the closing brace")
	}
	f := &flat{values: map[string]string{}}
	f.add("", root)
	for name, value := range settings.values {
		if key, ok := strings.CutPrefix(name, jobHostPrefix); ok {
			f.values[strings.ReplaceAll(key, "__", ":")] = value
		}
	}
	return f, nil
}

func (f *flat) add(key string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			f.add(join(key, name), member)
		}
	case []any:
		for i, element := range v {
			f.add(join(key, strconv.Itoa(i)), element)
		}
	case nil:
	default:
		f.values[key] = fmt.Sprint(v)
	}
}

func join(parent, name string) string {
	if parent == "" {
		return strings.ToLower(name)
	}
	return parent + ":" + strings.ToLower(name)
}

// has reports whether the section or key exists.
func (f *flat) has(key string) bool {
	key = strings.ToLower(key)
	for name := range f.values {
		if name == key || strings.HasPrefix(name, key+":") {
			return true
		}
	}
	return false
}

func (f *flat) text(key string) string { return f.values[strings.ToLower(key)] }

func (f *flat) list(key string) []string {
	var out []string
	for {
		value, ok := f.values[join(strings.ToLower(key), strconv.Itoa(len(out)))]
		if !ok {
			return out
		}
		out = append(out, value)
	}
}

func (f *flat) fault(key string, err error) {
	f.faults = append(f.faults, fmt.Errorf("%s: %w", strings.ReplaceAll(key, ":", "."), err))
}

func (f *flat) flag(key string, fallback bool) bool {
	text := f.text(key)
	if text == "" {
		return fallback
	}
	value, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		f.fault(key, fmt.Errorf("%q is neither true nor false", text))
	}
	return value
}

func (f *flat) number(key string, fallback, least, most int) int {
	text := f.text(key)
	if text == "" {
		return fallback
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < least || value > most {
		f.fault(key, fmt.Errorf("%q is not a number from %d to %d", text, least, most))
	}
	return value
}

func (f *flat) span(key string, fallback, least time.Duration) time.Duration {
	text := f.text(key)
	if text == "" {
		return fallback
	}
	value, err := schedule.ParseTimeSpan(text)
	if err == nil && value < least {
		err = fmt.Errorf("%s is less than %s", text, least)
	}
	if err != nil {
		f.fault(key, err)
	}
	return value
}
