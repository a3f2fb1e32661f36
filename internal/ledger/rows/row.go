package rows

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
)

// MaxText is the most UTF-16 units a text column holds; the service's own
// limit is 32,768.
const MaxText = 32000

// Key finds a row.
type Key struct{ Partition, Row string }

// Columns holds a row's values by column name, each a JSON scalar.
type Columns map[string]json.RawMessage

// Row is one row. ETag is "" before it was read from a table.
type Row struct {
	Key
	ETag    string
	Columns Columns
}

// jsonSuffix ends the names of columns whose text is JSON.
const jsonSuffix = "JSON"

// Encode makes a row of v, a struct.
func Encode(k Key, v any) (Row, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return Row{}, fmt.Errorf("encode row %s|%s: %w", k.Partition, k.Row, err)
	}
	var fields Columns
	if err := json.Unmarshal(doc, &fields); err != nil {
		return Row{}, fmt.Errorf("encode row %s|%s: %w", k.Partition, k.Row, err)
	}
	cols := make(Columns, len(fields))
	for name, value := range fields {
		if err := cols.put(name, value); err != nil {
			return Row{}, fmt.Errorf("encode row %s|%s: %w", k.Partition, k.Row, err)
		}
	}
	return Row{Key: k, Columns: cols}, nil
}

// put stores one field as the kind of column its JSON calls for.
func (c Columns) put(name string, value json.RawMessage) error {
	switch string(value) {
	case `null`, `""`, `0`, `false`, `{}`, `[]`, `"0001-01-01T00:00:00Z"`:
		return nil
	}
	switch value[0] {
	case '{', '[':
		if utf16Len(string(value)) > MaxText {
			return fmt.Errorf("column %s: %d bytes of JSON do not fit", name, len(value))
		}
		c[name+jsonSuffix] = quote(string(value))
	case '"':
		if len(value) <= MaxText {
			c[name] = value // never more units than bytes
			return nil
		}
		var s string
		if err := json.Unmarshal(value, &s); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		c[name] = quote(cut(s, MaxText))
	default:
		c[name] = value
	}
	return nil
}

// Decode fills v, a pointer to the struct type the row was encoded from.
// Columns that v does not know are left alone.
func (r Row) Decode(v any) error {
	fields := make(Columns, len(r.Columns))
	for name, value := range r.Columns {
		if base, ok := strings.CutSuffix(name, jsonSuffix); ok && base != "" {
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				return fmt.Errorf("decode row %s|%s, column %s: %w", r.Partition, r.Row, name, err)
			}
			name, value = base, json.RawMessage(s)
			if !json.Valid(value) {
				return fmt.Errorf("decode row %s|%s, column %s: no JSON", r.Partition, r.Row, name)
			}
		}
		fields[name] = value
	}
	if err := json.Unmarshal(fields.appendFields([]byte{'{'}), v); err != nil {
		return fmt.Errorf("decode row %s|%s: %w", r.Partition, r.Row, err)
	}
	return nil
}

// appendFields writes the columns, which are valid JSON each, and ends the
// object that dst has begun. It is what json.Marshal would write, without
// checking once more what was checked before.
func (c Columns) appendFields(dst []byte) []byte {
	for name, value := range c {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, quote(name)...)
		dst = append(dst, ':')
		dst = append(dst, value...)
	}
	return append(dst, '}')
}

// size estimates the row's bytes in a transaction, headers included.
func (r Row) size() int {
	n := 1000 + 3*(len(r.Partition)+len(r.Row))
	for name, value := range r.Columns {
		n += len(name) + len(value) + 4
	}
	return n
}

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string always marshals
	return b
}

func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// cut shortens s to at most limit UTF-16 units, never inside a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s // never more units than bytes
	}
	n, room := 0, 0
	for i, r := range s {
		n += max(utf16.RuneLen(r), 1)
		if n <= limit-1 {
			room = i + len(string(r))
		}
		if n > limit {
			return s[:room] + "…"
		}
	}
	return s
}
