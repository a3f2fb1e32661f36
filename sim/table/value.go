package table

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// value is a property's or a literal's value, in a form that compares: string,
// float64, int64, bool or time.Time.
type value any

// value decodes the property; false when it is not what its type says.
func (p property) value() (value, bool) {
	switch p.edm {
	case typeInt32, typeDouble:
		return number(p)
	case typeBoolean:
		var b bool
		err := json.Unmarshal(p.raw, &b)
		return b, err == nil
	}
	var text string
	if json.Unmarshal(p.raw, &text) != nil {
		return nil, false
	}
	return typed(p.edm, text)
}

// number reads Int32 and Double; NaN and the infinities come as text.
func number(p property) (value, bool) {
	raw := strings.Trim(string(p.raw), `"`)
	f, err := strconv.ParseFloat(raw, 64)
	return f, err == nil
}

// typed reads what is written as text.
func typed(edm, text string) (value, bool) {
	switch edm {
	case typeString:
		return text, true
	case typeGUID:
		return strings.ToLower(text), len(text) == 36
	case typeBinary:
		raw, err := base64.StdEncoding.DecodeString(text)
		return string(raw), err == nil
	case typeInt64:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case typeDateTime:
		t, err := time.Parse(time.RFC3339Nano, text)
		return t, err == nil
	}
	return nil, false
}

// compare orders two values; false when they are of kinds that do not compare.
func compare(a, b value) (int, bool) {
	if x, ok := numeric(a); ok {
		y, ok := numeric(b)
		return cmp.Compare(x, y), ok
	}
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	case time.Time:
		y, ok := b.(time.Time)
		return x.Compare(y), ok
	case bool:
		y, ok := b.(bool)
		return cmp.Compare(rank(x), rank(y)), ok
	}
	return 0, false
}

func numeric(v value) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
