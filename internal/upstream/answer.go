package upstream

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// maxRefusal is how much of a refusal's body is looked at.
const maxRefusal = 64 << 10

// Answer is a refusal as it came over the wire.
type Answer struct {
	Status int
	Line   string // status line, "401 Unauthorized - MFA required"
	Header http.Header
	Body   []byte // at most 64 KiB
}

// AnswerOf takes the refusal out of an Azure SDK error.
func AnswerOf(err error) (Answer, bool) {
	var re *azcore.ResponseError
	if !errors.As(err, &re) || re.RawResponse == nil {
		return Answer{}, false
	}
	body, perr := runtime.Payload(re.RawResponse)
	if perr != nil {
		body = nil // the status and headers still say what class it is
	}
	return Answer{
		Status: re.StatusCode,
		Line:   re.RawResponse.Status,
		Header: re.RawResponse.Header,
		Body:   body[:min(len(body), maxRefusal)],
	}, true
}

// idHeaders in the order of usefulness to Microsoft's support.
var idHeaders = []string{
	"MS-RequestId", "request-id", "x-ms-request-id", "x-ms-correlation-request-id",
	"MS-CorrelationId", "client-request-id",
}

// RequestID is the identifier to quote to Microsoft; "" when none came.
func (a Answer) RequestID() string {
	for _, name := range idHeaders {
		if v := a.Header.Get(name); v != "" {
			return clip(v, 128)
		}
	}
	return ""
}

// longestWait caps what a Retry-After may ask for; a queue message can be
// hidden for seven days, and no run lasts as long as one.
const longestWait = 24 * time.Hour

// ParseRetryAfter reads a Retry-After value: seconds, with a fraction from
// Graph ("2.128"), or an HTTP-date. It is 0 for anything else and for a date in
// the past.
func ParseRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if s, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(s) {
		return time.Duration(min(max(s, 0), longestWait.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), longestWait)
}

// Throttled reports whether the answer is about too many requests.
func (a Answer) Throttled() bool { return a.Status == http.StatusTooManyRequests }

// clip bounds a string from outside and takes line breaks out of it.
func clip(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// Challenged reports whether the service still asks for more claims after the
// pipeline has already passed them on once: a policy stands in the way.
func (a Answer) Challenged() bool {
	return a.Status == http.StatusUnauthorized &&
		strings.Contains(strings.Join(a.Header.Values("Www-Authenticate"), " "), "insufficient_claims")
}
