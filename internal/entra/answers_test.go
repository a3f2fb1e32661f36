package entra_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// whole is an answer as it comes over the wire, and what is to be read from it
// when the grant is at home and when it is used at a customer.
type whole struct {
	name           string
	status         int
	header         http.Header
	body           string
	code, trace    string
	home, customer sam.Class
	reason         sam.Reason
	wait           time.Duration
	claims         bool
}

// Trace ids of the answers: every one is told, wherever it stands.
const (
	trace1 = "6f3c2f1e-6c1b-4f6a-9f5e-0d8f6f4a2b00"
	trace2 = "0a6d8a53-91d4-4f0d-8b3e-2f6a1c9d5e00"
)

// answers are whole answers of the token endpoint, written after section 1.7
// and 3.3 of the reference: today's form, the form of 2020 with line ends,
// several codes, no JSON, throttling, loops.
var answers = []whole{
	{
		name: "MFA demanded, today's form", status: 400,
		body: `{"error":"invalid_grant","error_description":"AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'. Trace ID: ` + trace1 + ` Correlation ID: 5a1c0000-0000-4000-8000-000000000001 Timestamp: 2026-11-20 10:11:12Z","error_codes":[50076],"timestamp":"2026-11-20 10:11:12Z","trace_id":"` + trace1 + `","correlation_id":"5a1c0000-0000-4000-8000-000000000001","error_uri":"https://login.microsoftonline.com/error?code=50076","suberror":"basic_action","claims":"{\"access_token\":{\"capolids\":{\"essential\":true,\"values\":[\"0b0f0000-0000-4000-8000-000000000001\"]}}}"}`,
		code: "AADSTS50076", trace: trace1, home: sam.ClassReconsent, customer: sam.ClassPolicy, reason: sam.BlockedByPolicy, claims: true,
	},
	{
		name: "MFA demanded, the form of version 1.0", status: 400,
		body: `{"error":"interaction_required","error_description":"AADSTS50079: The user is required to use multi-factor authentication.\r\nTrace ID: ` + trace1 + `\r\nCorrelation ID: 5a1c0000-0000-4000-8000-000000000001\r\nTimestamp: 2020-04-20 10:11:12Z","error_codes":[50079],"trace_id":"` + trace1 + `","suberror":"basic_action"}`,
		code: "AADSTS50079", trace: trace1, home: sam.ClassReconsent, customer: sam.ClassPolicy, reason: sam.BlockedByPolicy,
	},
	{
		name: "expired, behind the wrapper", status: 400,
		body: `{"error":"invalid_grant","error_description":"AADSTS70002: Error validating credentials. AADSTS70008: The provided authorization code or refresh token has expired due to inactivity.\r\nTrace ID: ` + trace2 + `\r\nTimestamp: 2017-01-01","error_codes":[70002,70008],"trace_id":"` + trace2 + `"}`,
		code: "AADSTS70008", trace: trace2, home: sam.ClassReconsent, customer: sam.ClassCustomer,
	},
	{
		name: "wrong secret behind the wrapper", status: 401,
		body: `{"error":"invalid_client","error_description":"AADSTS70002: Error validating credentials. AADSTS7000215: Invalid client secret provided.","error_codes":[70002,7000215],"trace_id":"` + trace2 + `"}`,
		code: "AADSTS7000215", trace: trace2, home: sam.ClassCredential, customer: sam.ClassCredential,
	},
	{
		name: "trace id in the description alone", status: 400,
		body: `{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator has not consented to use the application with ID 'x' named 'y'. Send an interactive authorization request for this user and resource. Trace ID: ` + trace1 + ` Correlation ID: z","suberror":"consent_required"}`,
		code: "AADSTS65001", trace: trace1, home: sam.ClassReconsent, customer: sam.ClassCustomer, reason: sam.ConsentMissing,
	},
	{
		name: "app without a service principal", status: 401,
		body: `{"error":"invalid_client","error_description":"AADSTS7000229: The client application 22222222-2222-4222-8222-222222222222 is missing service principal in the tenant c0000000-0000-4000-8000-000000000001. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119","error_codes":[7000229],"trace_id":"` + trace1 + `"}`,
		code: "AADSTS7000229", trace: trace1, home: sam.ClassConfiguration, customer: sam.ClassCustomer, reason: sam.ConsentMissing,
	},
	{
		name: "refresh token garbled on the way", status: 400,
		body: `{"error":"invalid_grant","error_description":"AADSTS70000: Transmission data parser failure: Refresh Token is malformed or invalid.","error_codes":[70000],"trace_id":"` + trace1 + `"}`,
		code: "AADSTS70000", trace: trace1, home: sam.ClassReconsent, customer: sam.ClassCustomer,
	},
	{
		name: "a loop was noticed", status: 400,
		body: `{"error":"invalid_grant","error_description":"AADSTS50196: The server terminated an operation because it encountered a client request loop. Please contact your app vendor.","error_codes":[50196],"trace_id":"` + trace1 + `"}`,
		code: "AADSTS50196", trace: trace1, home: sam.ClassRetry, customer: sam.ClassRetry, wait: 5 * time.Minute,
	},
	{
		name: "throttled, in plain text", status: 429, header: http.Header{"Retry-After": {"60"}, "X-Ms-Request-Id": {trace2}},
		body: "Too Many Requests", trace: trace2, home: sam.ClassRetry, customer: sam.ClassRetry, wait: time.Minute,
	},
	{
		name: "throttled without a wait", status: 429, header: http.Header{"X-Ms-Request-Id": {trace2}},
		body: "Too Many Requests", trace: trace2, home: sam.ClassRetry, customer: sam.ClassRetry, wait: time.Minute,
	},
	{
		name: "throttled until a date", status: 429, header: http.Header{"Retry-After": {at.Add(150 * time.Second).Format(http.TimeFormat)}, "X-Ms-Request-Id": {trace2}},
		body: "error=throttled", trace: trace2, home: sam.ClassRetry, customer: sam.ClassRetry, wait: 150 * time.Second,
	},
	{
		name: "an outage's page", status: 503, header: http.Header{"X-Ms-Request-Id": {trace2}},
		body:  "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"><html><head><title>Service unavailable</title></head></html>",
		trace: trace2, home: sam.ClassRetry, customer: sam.ClassRetry,
	},
	{
		name: "a gateway's page that quotes a code", status: 502, header: http.Header{"X-Ms-Request-Id": {trace2}},
		body: "<html>AADSTS50173: revoked</html>", trace: trace2, home: sam.ClassRetry, customer: sam.ClassRetry,
	},
	{
		name: "the service's own passing fault", status: 500,
		body: `{"error":"server_error","error_description":"AADSTS90033: A transient error has occurred. Please try again.","error_codes":[90033],"trace_id":"` + trace1 + `"}`,
		code: "AADSTS90033", trace: trace1, home: sam.ClassRetry, customer: sam.ClassRetry,
	},
	{
		name: "blocked as a partner", status: 400,
		body: `{"error":"access_denied","error_description":"AADSTS530034: A delegated administrator was blocked from accessing the tenant due to account risk in their home tenant.","error_codes":[530034],"trace_id":"` + trace1 + `"}`,
		code: "AADSTS530034", trace: trace1, home: sam.ClassPolicy, customer: sam.ClassPolicy, reason: sam.BlockedByPolicy,
	},
	{
		name: "a code of the future", status: 400,
		body: `{"error":"invalid_grant","error_description":"AADSTS7999999: Something new. Trace ID: ` + trace1 + `","error_codes":[7999999],"trace_id":"` + trace1 + `"}`,
		code: "AADSTS7999999", trace: trace1, home: sam.ClassReconsent, customer: sam.ClassCustomer,
	},
	{
		name: "no code at all", status: 400, body: `{"error":"invalid_client","trace_id":"` + trace1 + `"}`,
		code: "invalid_client", trace: trace1, home: sam.ClassCredential, customer: sam.ClassCredential,
	},
}

func TestWholeAnswersAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, a := range answers {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			for tenant, class := range map[sam.TenantID]sam.Class{partner: a.home, customer: a.customer} {
				p := entra.Classify("redeem", tenant, partner, a.status, a.header, []byte(a.body), at)
				if p.Class != class || p.Code != a.code || p.RequestID != a.trace || p.RetryAfter != a.wait || (p.Claims != "") != a.claims {
					t.Errorf("%s %s [%s] wait %v claims %q; want %s %s [%s] wait %v", p.Class, p.Code, p.RequestID, p.RetryAfter, p.Claims, class, a.code, a.trace, a.wait)
				}
				if tenant == customer && p.Reason != a.reason {
					t.Errorf("reason %q, want %q", p.Reason, a.reason)
				}
				if p.Plain == "" || p.Fix == "" || strings.Contains(p.Plain+p.Fix, "html") {
					t.Errorf("words %q %q", p.Plain, p.Fix)
				}
			}
		})
	}
}

// TestEveryProblemCanBeActedOn: class, words, whose turn, how far, where to read.
func TestEveryProblemCanBeActedOn(t *testing.T) {
	t.Parallel()
	for _, m := range entra.Meanings() {
		for tenant, home := range map[sam.TenantID]bool{partner: true, customer: false} {
			p := entra.Classify("redeem", tenant, partner, 400, nil, errorBody("invalid_grant", "", m.Code), at)
			a := sam.Advise(p.Class, p.Reason, p.Code, home)
			if p.Class == "" || p.Plain == "" || p.Fix == "" || a.Owner == "" || a.Reach == "" || a.Link == "" {
				t.Errorf("%s at %s: %+v %+v", p.Code, tenant, p, a)
			}
			if home && a.Owner != sam.OwnerPartner {
				t.Errorf("%s in the partner's own tenant is the turn of %s", p.Code, a.Owner)
			}
			if !home && a.Owner == sam.OwnerCustomer && !strings.Contains(p.Fix, "ustomer") {
				t.Errorf("%s is the customer's turn, but the fix is %q", p.Code, p.Fix)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"AADSTS7999999": true, "AADSTS50076": false, "AADSTS70002": false, "invalid_grant": false, "": false,
		"AADSTS": false, "AADSTSx": false, "900421": false,
	} {
		if got := entra.Unknown(&sam.Problem{Code: code}); got != want {
			t.Errorf("%q unknown: %v", code, got)
		}
	}
	if entra.Unknown(nil) {
		t.Error("no problem is unknown")
	}
}
