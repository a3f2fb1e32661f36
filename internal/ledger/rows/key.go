package rows

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Separator joins the parts of a key; no [Part] contains it.
const Separator = "|"

// afterSeparator is the character that follows the separator: the end of the
// range of all keys that begin with a part and the separator.
const afterSeparator = "}"

// maxPart is the most bytes of a part before it is cut and hashed.
const maxPart = 200

// Part makes s safe in a key. It is injective: different texts give different
// parts (long ones up to a collision of SHA-256).
func Part(s string) string {
	if s == "" {
		return "~z" // no byte is written so
	}
	var b strings.Builder
	for i := range len(s) {
		if plain(s[i]) {
			b.WriteByte(s[i])
		} else {
			b.WriteByte('~')
			b.WriteString(hex.EncodeToString([]byte{s[i]}))
		}
	}
	if b.Len() <= maxPart {
		return b.String()
	}
	sum := sha256.Sum256([]byte(s))
	return b.String()[:100] + "~h" + hex.EncodeToString(sum[:])
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// Join makes one key of several texts.
func Join(texts ...string) string {
	parts := make([]string, len(texts))
	for i, s := range texts {
		parts[i] = Part(s)
	}
	return strings.Join(parts, Separator)
}

// Under is the range of keys that begin with the given texts and have more
// parts after them: from (included) and to (excluded).
func Under(texts ...string) (from, to string) {
	prefix := Join(texts...)
	return prefix + Separator, prefix + afterSeparator
}

// Inverted makes a key whose order is the reverse of the order of s: ids that
// begin with a time are then listed newest first, the only order a table can
// list cheaply. Every byte is complemented and written in hex; the final "x"
// sorts after all hex digits, so that a prefix comes after what it begins.
func Inverted(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = ^b[i]
	}
	return hex.EncodeToString(b) + "x"
}
