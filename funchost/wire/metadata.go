package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Metadata is the binding data of one invocation. Names match in any case and
// keep the case they were first given. The zero value is empty; it is not safe
// for concurrent use.
type Metadata struct {
	names   []string
	entries map[string]entry // by lower-case name
}

// entry holds a value as it is sent and, for {expressions}, as plain text or
// as an object's members.
type entry struct {
	sent    json.RawMessage
	plain   string
	members map[string]string
}

func (m *Metadata) set(name string, e entry) {
	if m.entries == nil {
		m.entries = map[string]entry{}
	}
	key := strings.ToLower(name)
	if _, known := m.entries[key]; !known {
		m.names = append(m.names, name)
	}
	m.entries[key] = e
}

// Text adds a string.
func (m *Metadata) Text(name, value string) { m.set(name, entry{sent: Text(value), plain: value}) }

// Number adds an integer.
func (m *Metadata) Number(name string, value int64) {
	m.set(name, entry{sent: Scalar(value), plain: strconv.FormatInt(value, 10)})
}

// Date adds a date.
func (m *Metadata) Date(name string, value time.Time) {
	m.set(name, entry{sent: Date(value), plain: value.UTC().Format(time.RFC3339)})
}

// Dictionary adds an object of strings.
func (m *Metadata) Dictionary(name string, members map[string]string) {
	m.set(name, entry{sent: Object(members), members: members})
}

// Sys adds what the host itself knows of the invocation.
func (m *Metadata) Sys(function, guid string, now time.Time) {
	m.Dictionary("sys", map[string]string{
		"MethodName": function, "RandGuid": guid, "UtcNow": now.UTC().Format("2006-01-02T15:04:05.9999999Z"),
	})
}

// MergeJSON adds the top-level properties of a JSON object, as the host does
// with message and request bodies: nulls and arrays are left out, scalars
// become text, and a name that is there already is overwritten. Text that is
// not a JSON object adds nothing.
func (m *Metadata) MergeJSON(text []byte) {
	members, order, ok := objectOf(text)
	if !ok {
		return
	}
	for _, name := range order {
		m.mergeOne(name, members[name])
	}
}

func (m *Metadata) mergeOne(name string, raw json.RawMessage) {
	switch raw[0] {
	case '[', 'n': // array, null
	case '{':
		m.set(name, entry{sent: raw})
	case 't':
		m.Text(name, "True") // .NET's text of a bool
	case 'f':
		m.Text(name, "False")
	case '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			m.Text(name, s)
		}
	default:
		m.Text(name, string(raw))
	}
}

// objectOf reads a JSON object's members in the order of the text.
func objectOf(text []byte) (members map[string]json.RawMessage, order []string, ok bool) {
	if !json.Valid(text) {
		return nil, nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, false
	}
	members = map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, nil, false
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, nil, false
		}
		key := name.(string) // a member's name always is
		if _, again := members[key]; !again {
			order = append(order, key)
		}
		members[key] = raw
	}
	return members, order, true
}

func (m *Metadata) encoded() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	if m == nil {
		return out
	}
	for _, name := range m.names {
		if !strings.HasSuffix(strings.ToLower(name), "trigger") {
			out[name] = m.entries[strings.ToLower(name)].sent
		}
	}
	return out
}

var expression = regexp.MustCompile(`\{([^{}]*)\}`)

// Expand replaces {name} and {name.member} in an output binding's attribute.
func (m *Metadata) Expand(text string) (string, error) {
	var fault error
	out := expression.ReplaceAllStringFunc(text, func(ref string) string {
		name, member, nested := strings.Cut(strings.ToLower(ref[1:len(ref)-1]), ".")
		e, ok := m.entries[name]
		if ok && !nested && e.members == nil && e.plain != "" {
			return e.plain
		}
		for key, value := range e.members {
			if nested && strings.EqualFold(key, member) {
				return value
			}
		}
		if fault == nil {
			fault = fmt.Errorf("no value for binding expression %s", ref)
		}
		return ""
	})
	return out, fault
}
