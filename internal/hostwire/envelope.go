package hostwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// InvocationHeader carries the host's id of the invocation.
const InvocationHeader = "X-Azure-Functions-InvocationId"

// Limit is how many bytes of an envelope are read. A queue message is at most
// 64 KiB and grows by a third in base64; 256 KiB leaves room for Metadata.
const Limit = 256 << 10

// Errors that callers may test for.
var (
	// ErrTooLarge: the body is longer than the limit.
	ErrTooLarge = errors.New("body is too large")
	// ErrMalformed: the body is not an envelope.
	ErrMalformed = errors.New("malformed invocation envelope")
	// ErrNoBinding: the envelope is well-formed but lacks the binding.
	ErrNoBinding = errors.New("envelope lacks the binding")
)

// envelope leaves values undecoded; unknown keys are skipped.
type envelope struct {
	Data     map[string]json.RawMessage
	Metadata metadata
}

// metadata is the part of the binding data that is worth a log line.
type metadata struct {
	ID           json.RawMessage `json:"Id"`
	DequeueCount json.RawMessage
}

// buffers holds read buffers between invocations. A buffer goes back only
// after everything kept from it has been copied.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// decode reads one envelope and gives the value of a binding to use, which
// must not keep it.
func decode(body io.Reader, binding string, use func(json.RawMessage, metadata) error) error {
	buf, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	defer func() { buf.Reset(); buffers.Put(buf) }()
	n, err := buf.ReadFrom(io.LimitReader(body, Limit+1))
	switch {
	case err != nil:
		return fmt.Errorf("read invocation: %w", err)
	case n > Limit:
		return fmt.Errorf("invocation of more than %d bytes: %w", Limit, ErrTooLarge)
	}
	var env envelope
	if err := json.Unmarshal(buf.Bytes(), &env); err != nil {
		return fmt.Errorf("%w: %s", ErrMalformed, shape(err))
	}
	raw, ok := env.Data[binding]
	if !ok {
		return fmt.Errorf("%w %q", ErrNoBinding, binding)
	}
	return use(raw, env.Metadata)
}

// shape words a JSON error without repeating what was in the body.
func shape(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("no JSON at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("a %s at byte %d where something else belongs", kind.Value, kind.Offset)
	}
	return "no JSON"
}

// text undoes the string-in-string encoding; raw must be a JSON string.
func text(raw json.RawMessage) (string, error) {
	var s, inner string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("%w: %s", ErrMalformed, shape(err))
	}
	if len(s) > 1 && s[0] == '"' && json.Unmarshal([]byte(s), &inner) == nil {
		return inner, nil
	}
	return s, nil
}

// succeeded is the least answer that ends an invocation well.
var succeeded = []byte("{}")

// Succeed answers that the invocation is done.
func Succeed(w http.ResponseWriter) { write(w, http.StatusOK, succeeded) }

// failure is what the host throws away, but a person with curl may read.
type failure struct {
	Error string `json:"error"`
	Fix   string `json:"fix,omitempty"`
}

// Fail answers that the invocation failed. A queue message stays in its queue,
// a timer run is logged as failed. Status must not be 2xx or 3xx.
func Fail(w http.ResponseWriter, status int, plain, fix string) {
	body, err := json.Marshal(failure{plain, fix})
	if err != nil {
		body = succeeded
	}
	write(w, status, body)
}

// contentType is shared, since every answer carries it.
var contentType = []string{"application/json"}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = contentType
	w.WriteHeader(status)
	_, _ = w.Write(body) // the host is gone if this fails, and will ask again
}
