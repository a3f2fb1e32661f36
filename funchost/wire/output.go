package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"
)

// QueueMessages turns a queue output's value into message bodies, with the
// host's changes:
//   - a string that is valid base64 is decoded, unless dataType is binary;
//   - a string that looks like JSON is parsed: an array becomes one message per
//     element, an object is written again indented;
//   - an array becomes one message per element, its strings are not decoded;
//   - a bare ISO date is written in .NET's invariant form.
func QueueMessages(value json.RawMessage, dataType string) ([][]byte, error) {
	switch {
	case len(value) == 0 || string(value) == "null":
		return nil, nil
	case value[0] == '[':
		return elements(value)
	case value[0] != '"':
		return [][]byte{[]byte(plainText(value))}, nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, err
	}
	if dataType != "binary" {
		if decoded, ok := sniffBase64(text); ok {
			return [][]byte{decoded}, nil
		}
	}
	if looksLikeJSON(text) {
		return reparse(text)
	}
	return [][]byte{[]byte(redate(text))}, nil
}

// sniffBase64 decodes what .NET's Convert.FromBase64String accepts: white space
// anywhere is fine.
func sniffBase64(text string) ([]byte, bool) {
	compact := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(text)
	decoded, err := base64.StdEncoding.DecodeString(compact)
	return decoded, err == nil
}

func looksLikeJSON(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") ||
		strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]")
}

func reparse(text string) ([][]byte, error) {
	raw := bytes.TrimSpace([]byte(text))
	if !json.Valid(raw) {
		return nil, errors.New("an output string looks like JSON and is not")
	}
	if raw[0] == '[' {
		return elements(raw)
	}
	return [][]byte{[]byte(plainText(raw))}, nil
}

func elements(raw json.RawMessage) ([][]byte, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, err
	}
	messages := make([][]byte, 0, len(items))
	for _, item := range items {
		messages = append(messages, []byte(plainText(item)))
	}
	return messages, nil
}

// plainText is .NET's ToString of a JSON value.
func plainText(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return redate(s)
		}
	case '{', '[':
		var out bytes.Buffer
		if json.Indent(&out, raw, "", "  ") == nil {
			return out.String()
		}
	case 't':
		return "True"
	case 'f':
		return "False"
	case 'n':
		return ""
	}
	return string(raw)
}

var isoDate = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$`)

// redate rewrites a bare ISO date the way it looks after Newtonsoft read it as
// a date and .NET printed it, on a host whose local time is UTC.
func redate(text string) string {
	if !isoDate.MatchString(text) {
		return text
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Format("01/02/2006 15:04:05")
		}
	}
	return text
}
