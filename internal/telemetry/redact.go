package telemetry

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// blank replaces what must not be shown; the same text as sam.Secret prints.
const blank = "[redacted]"

// sensitive are attribute names, in lower case without "-" and "_", whose
// value is never shown. "code" is not among them: it is the upstream error
// code; authorization codes are caught by their form.
var sensitive = map[string]bool{
	"token": true, "accesstoken": true, "refreshtoken": true, "idtoken": true, "bearer": true,
	"secret": true, "clientsecret": true, "password": true, "assertion": true, "clientassertion": true,
	"authorization": true, "cookie": true, "setcookie": true, "nonce": true,
	"verifier": true, "codeverifier": true, "authcode": true, "authorizationcode": true,
	"connectionstring": true, "accountkey": true, "sig": true, "xfunctionskey": true, "xidentityheader": true,
}

// forms are what tokens look like wherever they turn up.
var forms = []struct {
	hint  string // cheap test before the expression is tried
	form  *regexp.Regexp
	shown string
}{
	// Three dotted parts, the first a JSON object in base64url.
	{"eyJ", regexp.MustCompile(`eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{4,}(?:\.[0-9A-Za-z_-]*){0,3}`), blank},
	// Entra refresh tokens and authorization codes: "0.A…", "1.A…".
	{".A", regexp.MustCompile(`\b[01]\.A[0-9A-Za-z_.-]{20,}`), blank},
	// Credentials in forms, query strings and connection strings.
	{"=", regexp.MustCompile(`(?i)\b(code|code_verifier|client_secret|refresh_token|access_token|id_token|client_assertion|assertion|password|sig|AccountKey|SharedAccessSignature)=[^&\s";]+`), "$1=" + blank},
	{"earer ", regexp.MustCompile(`(?i)\bbearer\s+[0-9A-Za-z_.~+/=-]{8,}`), "Bearer " + blank},
}

// redact is the ReplaceAttr of the JSON handler: it sees every attribute that
// is not a group, the message included, after LogValuers have been resolved.
func redact(_ []string, a slog.Attr) slog.Attr {
	if sensitive[plainName(a.Key)] {
		return slog.String(a.Key, blank)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		if cut := Scrub(a.Value.String()); cut != a.Value.String() {
			return slog.String(a.Key, cut)
		}
	case slog.KindAny:
		return slog.Attr{Key: a.Key, Value: redactAny(a.Value.Any())}
	case slog.KindTime:
		return slog.String(a.Key, a.Value.Time().UTC().Format(time.RFC3339Nano))
	default: // numbers, booleans and durations hide nothing
	}
	return a
}

// dashes makes Refresh-Token and refresh_token the same.
var dashes = strings.NewReplacer("-", "", "_", "")

func plainName(key string) string { return strings.ToLower(dashes.Replace(key)) }

// redactAny looks at a value the way the JSON handler would print it.
func redactAny(v any) slog.Value {
	switch v := v.(type) {
	case error:
		return slog.StringValue(Scrub(v.Error()))
	case slog.Level:
		return slog.AnyValue(v)
	case json.Marshaler:
	case fmt.Stringer:
		return slog.StringValue(Scrub(v.String()))
	}
	text, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue("!" + err.Error())
	}
	if cut := Scrub(string(text)); cut != string(text) {
		return slog.StringValue(cut)
	}
	return slog.AnyValue(v)
}

// Scrub cuts out of a text whatever looks like a credential.
func Scrub(s string) string {
	for _, f := range forms {
		if strings.Contains(s, f.hint) {
			s = f.form.ReplaceAllString(s, f.shown)
		}
	}
	return s
}
