package entra

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
)

// maxJWT bounds what is taken for a token; real ones stay below 8 KiB.
const maxJWT = 64 << 10

// ErrUnreadable is wrapped when a token cannot be read as a JWT of the expected
// shape. The token is never part of the message.
var ErrUnreadable = errors.New("token is not readable")

// readPayload decodes the middle part of a compact JWT into claims, unverified.
func readPayload(raw string, claims any) error {
	if len(raw) > maxJWT || strings.Count(raw, ".") != 2 {
		return ErrUnreadable
	}
	middle := strings.Split(raw, ".")[1]
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(middle, "="))
	if err != nil {
		return ErrUnreadable
	}
	if json.Unmarshal(payload, claims) != nil {
		return ErrUnreadable
	}
	return nil
}

// epoch turns the seconds of a claim into a time; zero stays zero, and nothing
// beyond the year 9999 is believed.
func (s seconds) epoch() time.Time {
	if s <= 0 || s > 253402300799 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// display makes a claim fit to be shown: printable, one line, at most 256 bytes.
func display(s string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
	for len(clean) > 256 {
		r := []rune(clean)
		clean = string(r[:min(len(r)-1, 256)])
	}
	return strings.TrimSpace(clean)
}
