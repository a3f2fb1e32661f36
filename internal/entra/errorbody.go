package entra

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// maxClaims bounds a claims challenge that is handed on.
const maxClaims = 8 << 10

// tokenError is the error body of the token endpoint (section 1.7). Everything
// in it is foreign: nothing is shown before it passed the patterns below.
type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Codes       codes  `json:"error_codes"`
	TraceID     string `json:"trace_id"`
	Correlation string `json:"correlation_id"`
	Suberror    string `json:"suberror"`
	Claims      string `json:"claims"`
}

// codes reads error_codes leniently: numbers, or numbers in strings.
type codes []int

// UnmarshalJSON implements json.Unmarshaler and never fails: a strange list is
// no reason to lose the rest of the body.
func (c *codes) UnmarshalJSON(b []byte) error {
	var raw []json.RawMessage
	_ = json.Unmarshal(b, &raw) // anything but a list yields no codes
	for _, r := range raw {
		if n, err := strconv.ParseInt(strings.Trim(string(r), `"`), 10, 32); err == nil {
			*c = append(*c, int(n))
		}
	}
	return nil
}

// parseError reads what it can; anything that is not the JSON object of
// section 1.7 (text/plain, HTML) yields the zero value.
func parseError(body []byte) tokenError {
	var e tokenError
	if json.Unmarshal(body, &e) != nil {
		return lenientError(body)
	}
	return e
}

// lenientError keeps the fields that have the expected type when another has not.
func lenientError(body []byte) tokenError {
	var e tokenError
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return e
	}
	for name, into := range map[string]any{
		"error": &e.Error, "error_description": &e.Description, "error_codes": &e.Codes, "trace_id": &e.TraceID,
		"correlation_id": &e.Correlation, "suberror": &e.Suberror, "claims": &e.Claims,
	} {
		if raw, ok := fields[name]; ok {
			_ = json.Unmarshal(raw, into) // a wrong type leaves the field empty
		}
	}
	return e
}

var (
	leadingCode = regexp.MustCompile(`^\s*AADSTS(\d{4,9})\b`)
	traceID     = regexp.MustCompile(`Trace ID: ([0-9A-Za-z-]{8,64})`)
	plainID     = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)
	oauthWord   = regexp.MustCompile(`^[a-z_]{1,64}$`)
)

// code is the most specific AADSTS code, from error_codes or the description.
func (e tokenError) code() int {
	if c := mostSpecific(e.Codes); c != 0 {
		return c
	}
	m := leadingCode.FindStringSubmatch(e.Description)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// oauth is the OAuth error word, or "" when it is not one.
func (e tokenError) oauth() string {
	if oauthWord.MatchString(e.Error) {
		return e.Error
	}
	return ""
}

// requestID is the trace id, else the request id header, else the correlation id.
func (e tokenError) requestID(header http.Header) string {
	for _, id := range []string{e.TraceID, traceOf(e.Description), header.Get("X-Ms-Request-Id"), e.Correlation} {
		if plainID.MatchString(id) {
			return id
		}
	}
	return ""
}

func traceOf(description string) string {
	if m := traceID.FindStringSubmatch(description); m != nil {
		return m[1]
	}
	return ""
}

// claims is the claims challenge when it is a JSON object of sane size.
func (e tokenError) claims() string {
	if len(e.Claims) > maxClaims || !strings.HasPrefix(e.Claims, "{") || !json.Valid([]byte(e.Claims)) {
		return ""
	}
	return e.Claims
}
