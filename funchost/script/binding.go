package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Data types of a binding; the zero value means the attribute is absent.
const (
	DataString = "string"
	DataBinary = "binary"
	DataStream = "stream"
)

// Binding is one entry of function.json, attributes resolved.
type Binding struct {
	Name, Type, Direction, DataType string

	attributes map[string]any // lower-case names
}

var bindingName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]{0,127}$`)

// known are the binding types of this host and the directions they allow.
var known = map[string]string{
	"httptrigger": "in", "timertrigger": "in", "queuetrigger": "in", "http": "out", "queue": "out",
}

// IsTrigger reports whether the binding starts the function.
func (b Binding) IsTrigger() bool { return strings.HasSuffix(strings.ToLower(b.Type), "trigger") }

// Is compares the type in any case.
func (b Binding) Is(kind string) bool { return strings.EqualFold(b.Type, kind) }

func parseBinding(raw json.RawMessage, settings Settings) (Binding, error) {
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return Binding{}, errors.New("a binding must be an object")
	}
	b := Binding{attributes: make(map[string]any, len(members))}
	for name, value := range members {
		b.attributes[strings.ToLower(name)] = value
	}
	b.Name, b.Type = b.plain("name"), b.plain("type")
	b.Direction, b.DataType = strings.ToLower(b.plain("direction")), strings.ToLower(b.plain("datatype"))
	if err := b.check(); err != nil {
		return b, fmt.Errorf("binding %q: %w", b.Name, err)
	}
	if err := b.resolve(settings); err != nil {
		return b, fmt.Errorf("binding %q: %w", b.Name, err)
	}
	return b, nil
}

func (b Binding) check() error {
	direction, isKnown := known[strings.ToLower(b.Type)]
	switch {
	case b.Name == "$return" && b.Direction != "out":
		return errors.New("$return can only be an output")
	case b.Name != "$return" && !bindingName.MatchString(b.Name):
		return errors.New("the name must be a letter followed by letters and digits")
	case b.Type == "":
		return errors.New("the type is missing")
	case b.Direction != "in" && b.Direction != "out" && b.Direction != "inout":
		return fmt.Errorf("direction %q is not in, out or inout", b.Direction)
	case !isKnown:
		return fmt.Errorf("the binding type %q is not registered with this host; it knows httpTrigger, timerTrigger, queueTrigger, http and queue", b.Type)
	case b.Direction != direction:
		return fmt.Errorf("%s has direction %s, not %s", b.Type, direction, b.Direction)
	}
	switch b.DataType {
	case "", DataString, DataBinary, DataStream:
		return nil
	}
	return fmt.Errorf("dataType %q is not string, binary or stream", b.DataType)
}

// resolve replaces %SETTING% in every text attribute.
func (b Binding) resolve(settings Settings) error {
	for name, value := range b.attributes {
		text, ok := value.(string)
		if !ok {
			continue
		}
		resolved, err := settings.Resolve(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		b.attributes[name] = resolved
	}
	return nil
}

// plain is a text attribute, "" when absent or not text.
func (b Binding) plain(name string) string {
	text, _ := b.attributes[strings.ToLower(name)].(string)
	return text
}

// flag is a boolean attribute, which may also be written as text.
func (b Binding) flag(name string, fallback bool) (bool, error) {
	switch v := b.attributes[strings.ToLower(name)].(type) {
	case nil:
		return fallback, nil
	case bool:
		return v, nil
	case string:
		if strings.EqualFold(v, "true") || strings.EqualFold(v, "false") {
			return strings.EqualFold(v, "true"), nil
		}
	}
	return false, fmt.Errorf("binding %q: %s is neither true nor false", b.Name, name)
}
