package vault

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// maxTag is Key Vault's limit for a tag's value, in characters; bytes are
// counted here, which is never more.
const maxTag = 256

// tags says what is known about a version, within Key Vault's limits. Nine
// tags are written of the fifteen allowed; empty ones are left out.
func tags(v Version, stored time.Time) map[string]*string {
	values := map[string]string{
		"app":         string(v.App),
		"upn":         v.UPN,
		"kind":        string(v.Kind),
		"source":      v.Source,
		"grant":       v.Grant,
		"redeemed-at": v.RedeemedAt.UTC().Format(time.RFC3339Nano),
		"amr":         strings.Join(v.AMR, " "),
		"cloud":       v.Cloud,
		"stored-at":   stored.UTC().Format(time.RFC3339Nano),
	}
	out := make(map[string]*string, len(values))
	for name, value := range values {
		if value = cut(value); value != "" {
			out[name] = &value
		}
	}
	return out
}

// cut shortens a value to maxTag bytes without splitting a character.
func cut(s string) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= maxTag {
		return s
	}
	end := maxTag
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// tag returns one tag's value, "" when it is not there.
func tag(tags map[string]*string, name string) string {
	if p := tags[name]; p != nil {
		return *p
	}
	return ""
}

// storedAt is when this program wrote the version, zero if another one did.
func storedAt(tags map[string]*string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, tag(tags, "stored-at"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// readTags fills v from tags, which anybody may have edited.
func readTags(v *Version, tags map[string]*string) {
	get := func(name string) string { return tag(tags, name) }
	v.App = sam.AppID(get("app"))
	v.UPN = get("upn")
	v.Kind = sam.Kind(get("kind"))
	v.Source = get("source")
	v.Grant = get("grant")
	v.Cloud = get("cloud")
	if amr := strings.Fields(get("amr")); len(amr) > 0 {
		v.AMR = amr
	}
	if at, err := time.Parse(time.RFC3339Nano, get("redeemed-at")); err == nil {
		v.RedeemedAt = at.UTC()
	} else {
		v.RedeemedAt = v.Created
	}
}
