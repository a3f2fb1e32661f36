package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Text is a string as trigger data: encoded twice.
func Text(s string) json.RawMessage { return Object(string(Object(s))) }

// Scalar is a number, bool or array as binding data: its JSON inside a string.
func Scalar(v any) json.RawMessage { return Object(string(Object(v))) }

// Bytes is binary trigger data: plain base64.
func Bytes(b []byte) json.RawMessage { return Object(base64.StdEncoding.EncodeToString(b)) }

// Date is binding data that lost its fraction of a second.
func Date(t time.Time) json.RawMessage {
	return Object(t.UTC().Format("2006-01-02T15:04:05-07:00"))
}

// Object is a value that goes out as the JSON it is. The value must be
// marshalable: text, numbers, maps and structs of these are.
func Object(v any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Sprintf("wire: %T is no JSON value: %v", v, err))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// Envelope is the body of an invocation request.
type Envelope struct {
	Data     map[string]json.RawMessage
	Metadata *Metadata
}

// Encode writes the envelope with the host's casing.
func (e Envelope) Encode() []byte {
	return Object(struct {
		Data     map[string]json.RawMessage
		Metadata map[string]json.RawMessage
	}{e.Data, e.Metadata.encoded()})
}
