package sam

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted is all that any printing of a Secret shows.
const redacted = "[redacted]"

// Secret holds a value that must never be printed: a refresh token, an
// authorization code, a client secret, an access token. Every way the standard
// library has of printing it yields "[redacted]"; Reveal is the one door.
// The zero value is the empty secret. Secrets are compared with Equal.
type Secret struct {
	_ [0]func() // not comparable with ==, which would compare addresses
	// value is a pointer because fmt reaches unexported fields of any struct
	// that holds a Secret without calling its methods: it then finds an
	// address where a string would have been printed.
	value *string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal returns the value. Use it only to send the secret to its owner
// (token endpoint, vault), never to format, log or store it elsewhere.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is no value.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Equal compares two secrets in time that depends on their lengths only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer, for %#v.
func (s Secret) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb reaches the field.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText implements encoding.TextMarshaler; JSON and XML use it as well.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
