package hostwire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
)

// Message is one queue invocation.
type Message struct {
	Body         []byte // the bytes that were put into the queue
	ID           string // the queue's id of the message; "" if the host sent none
	DequeueCount int    // how often it was delivered, this time included; 0 if unknown
}

// DecodeQueue reads the envelope of a queue trigger whose binding has dataType
// binary. Messages bound as text or as an object are read as well: what does
// not decode as base64 is taken as it is.
func DecodeQueue(body io.Reader, binding string) (Message, error) {
	var m Message
	err := decode(body, binding, func(raw json.RawMessage, meta metadata) error {
		var err error
		m.Body, err = content(raw)
		m.ID, m.DequeueCount = optional(meta.ID), count(meta.DequeueCount)
		return err
	})
	return m, err
}

// content finds the message bytes in any of the forms of section 3.2 and 3.4.
func content(raw json.RawMessage) ([]byte, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return bytes.Clone(raw), nil // an object or number: the message was JSON itself
	}
	if !bytes.Contains(raw, []byte(`\`)) { // what the host sends: base64 without a detour
		if decoded, err := decodeBase64(raw[1 : len(raw)-1]); err == nil {
			return decoded, nil
		}
	}
	s, err := text(raw)
	if err != nil {
		return nil, err
	}
	if decoded, err := decodeBase64([]byte(s)); err == nil {
		return decoded, nil
	}
	return []byte(s), nil
}

func decodeBase64(text []byte) ([]byte, error) {
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(decoded, text)
	return decoded[:n], err
}

// optional is text, or "" for anything else.
func optional(raw json.RawMessage) string {
	s, err := text(raw)
	if err != nil {
		return ""
	}
	return s
}

// count reads a number in plain, single and double encoded form.
func count(raw json.RawMessage) int {
	s := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		s = optional(raw)
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
