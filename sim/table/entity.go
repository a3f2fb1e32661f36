package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Limits of the service.
const (
	maxEntity     = 1 << 20 // bytes of a row
	maxProperties = 252
	maxText       = 32 << 10 // UTF-16 units of a string
	maxKey        = 512      // UTF-16 units of a key
)

// The types that a property can have. A string, a boolean and a number need no
// annotation in JSON.
const (
	typeString   = "Edm.String"
	typeBoolean  = "Edm.Boolean"
	typeInt32    = "Edm.Int32"
	typeDouble   = "Edm.Double"
	typeInt64    = "Edm.Int64"
	typeDateTime = "Edm.DateTime"
	typeGUID     = "Edm.Guid"
	typeBinary   = "Edm.Binary"
)

// entity is one version of a row; it is never changed.
type entity struct {
	key        key
	timestamp  time.Time
	properties []property // by name
}

// property is one column of a row: its type and its value as JSON.
type property struct {
	name, edm string
	raw       json.RawMessage
}

const annotation = "@odata.type"

// parseEntity reads a row from a request's body; keys in the address win.
func parseEntity(body []byte, address *key) (*entity, *problem) {
	var fields map[string]json.RawMessage
	if len(body) > maxEntity {
		return nil, tooLarge("EntityTooLarge", "The entity is larger than the maximum size permitted.")
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, invalid("InvalidInput", "The body is not a JSON object: "+err.Error())
	}
	e := &entity{}
	for name, raw := range fields {
		if name == "Timestamp" || strings.HasPrefix(name, "odata.") || strings.HasSuffix(name, annotation) || string(raw) == "null" {
			continue
		}
		p, wrong := parseProperty(name, raw, fields[name+annotation])
		if wrong != nil {
			return nil, wrong
		}
		e.properties = append(e.properties, p)
	}
	if len(e.properties) > maxProperties+2 {
		return nil, invalid("TooManyProperties", "The entity has more properties than allowed.")
	}
	slices.SortFunc(e.properties, func(a, b property) int { return strings.Compare(a.name, b.name) })
	return e, e.takeKeys(address)
}

// takeKeys moves the two keys out of the properties.
func (e *entity) takeKeys(address *key) *problem {
	given := map[string]string{}
	e.properties = slices.DeleteFunc(e.properties, func(p property) bool {
		if p.name != "PartitionKey" && p.name != "RowKey" {
			return false
		}
		var text string
		if json.Unmarshal(p.raw, &text) == nil {
			given[p.name] = text
		}
		return true
	})
	if address != nil {
		e.key = *address
		return nil
	}
	partition, known := given["PartitionKey"]
	row, also := given["RowKey"]
	if !known || !also {
		return invalid("PropertiesNeedValue", "The values are not specified for all properties in the entity.")
	}
	e.key = key{partition, row}
	return checkKey(partition, row)
}

// checkKey finds what the service refuses in a key.
func checkKey(parts ...string) *problem {
	for _, part := range parts {
		if units(part) > maxKey {
			return invalid("KeyValueTooLarge", "The key property is larger than 1 KiB.")
		}
		for _, r := range part {
			if strings.ContainsRune(`/\#?`, r) || r < 0x20 || r >= 0x7f && r <= 0x9f {
				return invalid("OutOfRangeInput", "A key holds a character that is not allowed.")
			}
		}
	}
	return nil
}

func parseProperty(name string, raw, typed json.RawMessage) (property, *problem) {
	p := property{name: name, edm: inferred(raw), raw: raw}
	if typed != nil {
		if err := json.Unmarshal(typed, &p.edm); err != nil {
			return p, invalid("InvalidInput", "The type of property "+name+" is not a string.")
		}
	}
	if p.edm == "" {
		return p, invalid("InvalidInput", "Property "+name+" is neither text, number nor boolean.")
	}
	if _, ok := p.value(); !ok {
		return p, invalid("InvalidInput", fmt.Sprintf("Property %s is not of type %s.", name, p.edm))
	}
	if raw[0] == '"' && len(raw) > maxText {
		var text string
		if json.Unmarshal(raw, &text) == nil && units(text) > maxText {
			return p, invalid("PropertyValueTooLarge", "The property value exceeds the maximum allowed size (64KB).")
		}
	}
	return p, nil
}

// inferred is the type of a value without an annotation; "" for what has none.
func inferred(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return typeString
	case 't', 'f':
		return typeBoolean
	case '{', '[':
		return ""
	}
	var whole int32
	if json.Unmarshal(raw, &whole) == nil {
		return typeInt32
	}
	return typeDouble
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// merged is the older version with this one's properties over it.
func (e *entity) merged(older *entity) *entity {
	out := &entity{key: e.key, properties: slices.Clone(e.properties)}
	for _, p := range older.properties {
		if e.property(p.name) == nil {
			out.properties = append(out.properties, p)
		}
	}
	slices.SortFunc(out.properties, func(a, b property) int { return strings.Compare(a.name, b.name) })
	return out
}

// property finds a column, or nil.
func (e *entity) property(name string) *property {
	i, found := slices.BinarySearchFunc(e.properties, name, func(p property, name string) int { return strings.Compare(p.name, name) })
	if !found {
		return nil
	}
	return &e.properties[i]
}

// etag is made of the time of the write, which is unique in the service.
func (e *entity) etag() string {
	return `W/"datetime'` + url.QueryEscape(stamp(e.timestamp)) + `'"`
}

// stamp is a time as the service writes it: to 100 nanoseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// append writes the row as an element of an answer with minimal metadata.
func (e *entity) append(b *bytes.Buffer, metadata string) {
	b.WriteByte('{')
	if metadata != "" {
		fmt.Fprintf(b, `"odata.metadata":%s,`, quoted(metadata))
	}
	fmt.Fprintf(b, `"odata.etag":%s,"PartitionKey":%s,"RowKey":%s,"Timestamp":"%s"`,
		quoted(e.etag()), quoted(e.key.partition), quoted(e.key.row), stamp(e.timestamp))
	for _, p := range e.properties {
		switch p.edm {
		case typeString, typeBoolean, typeInt32, typeDouble:
		default:
			fmt.Fprintf(b, `,%s:"%s"`, quoted(p.name+annotation), p.edm)
		}
		fmt.Fprintf(b, `,%s:%s`, quoted(p.name), p.raw)
	}
	b.WriteByte('}')
}

// quoted is a text as JSON.
func quoted(s string) []byte {
	text, _ := json.Marshal(s) // a string always marshals
	return text
}
