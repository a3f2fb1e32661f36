package entra

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Classify explains an answer of the token endpoint that is not a token. op is
// what was attempted; home is the tenant the grant belongs to and decides how
// far the failure reaches. Bodies that are not JSON are understood by status.
// The result is never nil and repeats nothing of the body but codes, the trace
// id and a claims challenge.
func Classify(op string, tenant, home sam.TenantID, status int, header http.Header, body []byte, now time.Time) *sam.Problem {
	e := parseError(body)
	p := &sam.Problem{
		Op: op, Tenant: tenant, Status: status,
		RequestID:  e.requestID(header),
		RetryAfter: retryAfter(header, now),
		Claims:     e.claims(),
	}
	explain(p, e, tenant == home)
	return p
}

// CallbackProblem explains the error of an authorize callback or admin consent
// callback: its "error" and "error_description" fields, both untrusted.
func CallbackProblem(oauthError, description string, tenant sam.TenantID) *sam.Problem {
	e := tokenError{Error: oauthError, Description: description}
	p := &sam.Problem{Op: "sign in", Tenant: tenant, RequestID: traceOf(description)}
	explain(p, e, true)
	if p.Class == configuration && oauthError == "access_denied" && !known(e.code()) {
		p.Class, p.Plain, p.Fix = reconsent, "The sign-in was declined, or a policy refused it.", fixSignIn
	}
	return p
}

// GrantRefused reports whether the problem speaks of the refresh token itself,
// whichever tenant it came from: expired, revoked, malformed. A newer version
// from the vault may then help; a look at the customer will not.
func GrantRefused(p *sam.Problem) bool {
	if p == nil {
		return false
	}
	for _, c := range grantCodes {
		if p.Code == codeName(c) {
			return true
		}
	}
	return p.Class == reconsent
}

func codeName(code int) string { return "AADSTS" + strconv.Itoa(code) }

func known(code int) bool {
	_, ok := meanings[code]
	return ok && code != wrapper
}

// explain fills class, reason, code and words: throttling first, then the most
// specific known code, then the OAuth error, then the status.
func explain(p *sam.Problem, e tokenError, home bool) {
	code := e.code()
	p.Code = e.oauth()
	if code != 0 {
		p.Code = codeName(code)
	}
	switch {
	case p.Status == http.StatusTooManyRequests:
		p.Class, p.Plain, p.Fix = retry, "Entra throttles the requests.", fixNothing
		if p.RetryAfter == 0 {
			p.RetryAfter = throttledFor
		}
	case known(code):
		meanings[code].apply(p, home)
	default:
		fallback(p, e, home)
		if code != 0 && code != wrapper {
			p.Plain = strings.TrimSuffix(p.Plain, ".") + "; samkeeper does not know code " + codeName(code) + "."
		}
	}
	p.RetryAfter = max(p.RetryAfter, waits[code])
}

func (m Meaning) apply(p *sam.Problem, home bool) {
	p.Plain, p.Fix = m.Plain, m.Fix
	if home {
		p.Class = m.Home
		return
	}
	p.Class, p.Reason = m.Customer, m.Reason
	if m.CustomerFix != "" {
		p.Fix = m.CustomerFix
	}
}

// retryAfter reads Retry-After as seconds or as an HTTP date, at most a day.
func retryAfter(header http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(header.Get("Retry-After"))
	if v == "" {
		return 0
	}
	var wait time.Duration
	if s, err := strconv.ParseInt(v, 10, 32); err == nil {
		wait = time.Duration(s) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), 24*time.Hour)
}
