package entra_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	partner  = sam.TenantID("11111111-1111-4111-8111-111111111111")
	customer = sam.TenantID("c0000000-0000-4000-8000-000000000001")
	traceID  = "0a1b2c3d-0000-4000-8000-00000000abcd"
	leak     = "0.AAAAsecret-looking-refresh-token"
)

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// errorBody is an answer in the shape the token endpoint has today.
func errorBody(oauth, suberror string, codes ...int) []byte {
	code := 0
	if len(codes) > 0 {
		code = codes[0]
	}
	b, err := json.Marshal(map[string]any{
		"error":             oauth,
		"error_description": fmt.Sprintf("AADSTS%d: Something about %s. Trace ID: %s Correlation ID: x Timestamp: y", code, leak, traceID),
		"error_codes":       codes, "timestamp": "2026-11-21 12:00:00Z", "trace_id": traceID,
		"correlation_id": "0a1b2c3d-0000-4000-8000-000000000000", "suberror": suberror,
	})
	if err != nil {
		panic(err)
	}
	return b
}

func TestClassifyEveryRowOfTheTable(t *testing.T) {
	t.Parallel()
	rows := readCorpus(t)
	for _, r := range rows {
		t.Run(fmt.Sprint(r.code), func(t *testing.T) {
			t.Parallel()
			body := errorBody(r.oauth, "", r.code)
			home := entra.Classify("redeem", partner, partner, r.status, nil, body, at)
			there := entra.Classify("redeem", customer, partner, r.status, nil, body, at)
			if home.Class != r.home || home.Reason != sam.NoReason {
				t.Errorf("at home: %s/%s, want %s and no reason", home.Class, home.Reason, r.home)
			}
			if there.Class != r.customer || there.Reason != r.reason {
				t.Errorf("at a customer: %s/%s, want %s/%s", there.Class, there.Reason, r.customer, r.reason)
			}
			for _, p := range []*sam.Problem{home, there} {
				if p.Code != fmt.Sprintf("AADSTS%d", r.code) || p.RequestID != traceID || p.Plain == "" || p.Fix == "" {
					t.Errorf("code %q, request %q, plain %q, fix %q", p.Code, p.RequestID, p.Plain, p.Fix)
				}
			}
		})
	}
	const wrapperOnly = 1
	if got, want := len(entra.Meanings()), len(rows)+wrapperOnly; got != want {
		t.Errorf("the code knows %d codes, the corpus has %d", got, want)
	}
}

func TestCustomerTenantNeverEndsTheConnection(t *testing.T) {
	t.Parallel()
	for _, m := range entra.Meanings() {
		p := entra.Classify("redeem", customer, partner, 400, nil, errorBody("invalid_grant", "", m.Code), at)
		if p.Class == sam.ClassReconsent {
			t.Errorf("%s asks for a new consent from a customer's tenant", p.Code)
		}
	}
}

func TestClassifyPicksTheCodeThatSaysMost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		codes []int
		code  string
		class sam.Class
	}{
		"wrapper first":          {[]int{70002, 70008}, "AADSTS70008", sam.ClassReconsent},
		"wrapper last":           {[]int{700082, 70002}, "AADSTS700082", sam.ClassReconsent},
		"longer over shorter":    {[]int{50001, 7000215}, "AADSTS7000215", sam.ClassCredential},
		"known over unknown":     {[]int{99999999, 65001}, "AADSTS65001", sam.ClassReconsent},
		"unknown over wrapper":   {[]int{70002, 99999999}, "AADSTS99999999", sam.ClassReconsent},
		"wrapper alone":          {[]int{70002}, "AADSTS70002", sam.ClassReconsent},
		"unknown alone":          {[]int{99999999}, "AADSTS99999999", sam.ClassReconsent},
		"none, from description": {nil, "invalid_grant", sam.ClassReconsent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := entra.Classify("redeem", partner, partner, 400, nil, errorBody("invalid_grant", "", c.codes...), at)
			if p.Code != c.code || p.Class != c.class || p.RequestID != traceID {
				t.Errorf("%s %s [%s], want %s %s", p.Code, p.Class, p.RequestID, c.code, c.class)
			}
		})
	}
}

func TestClassifyUnknownCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		oauth, suberror string
		status          int
		home, customer  sam.Class
		reason          sam.Reason
	}{
		"invalid_client":          {"invalid_client", "", 401, "credential", "credential", ""},
		"interaction_required":    {"interaction_required", "", 400, "reconsent", "policy", "blocked_by_policy"},
		"login_required":          {"login_required", "", 400, "reconsent", "policy", "blocked_by_policy"},
		"consent_required":        {"consent_required", "", 400, "reconsent", "customer", "consent_missing"},
		"invalid_grant":           {"invalid_grant", "", 400, "reconsent", "customer", ""},
		"grant, consent":          {"invalid_grant", "consent_required", 400, "reconsent", "customer", "consent_missing"},
		"grant, action":           {"invalid_grant", "basic_action", 400, "reconsent", "policy", "blocked_by_policy"},
		"grant, other client":     {"invalid_grant", "client_mismatch", 400, "configuration", "configuration", ""},
		"grant, expired":          {"invalid_grant", "token_expired", 400, "reconsent", "customer", ""},
		"temporarily_unavailable": {"temporarily_unavailable", "", 400, "retry", "retry", ""},
		"server_error":            {"server_error", "", 400, "retry", "retry", ""},
		"any 5xx":                 {"invalid_request", "", 502, "retry", "retry", ""},
		"invalid_scope":           {"invalid_scope", "", 400, "configuration", "configuration", ""},
		"a word nobody knows":     {"whatever", "", 400, "configuration", "configuration", ""},
		"not a word":              {"<script>", "", 400, "configuration", "configuration", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := errorBody(c.oauth, c.suberror, 88888888)
			home := entra.Classify("redeem", partner, partner, c.status, nil, body, at)
			there := entra.Classify("redeem", customer, partner, c.status, nil, body, at)
			if home.Class != c.home || there.Class != c.customer || there.Reason != c.reason || home.Reason != "" {
				t.Errorf("home %s/%s, customer %s/%s", home.Class, home.Reason, there.Class, there.Reason)
			}
			if !strings.Contains(home.Plain, "AADSTS88888888") || home.RequestID != traceID {
				t.Errorf("plain %q [%s] hides the unknown code", home.Plain, home.RequestID)
			}
		})
	}
}

func TestClassifyBodiesThatAreNotJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		class  sam.Class
	}{
		"throttled in plain text":  {429, "Too Many Requests", sam.ClassRetry},
		"throttled as HTML":        {429, "<html>slow down</html>", sam.ClassRetry},
		"outage as HTML":           {503, "<!DOCTYPE html><html>", sam.ClassRetry},
		"outage without a body":    {502, "", sam.ClassRetry},
		"a proxy's refusal":        {403, "<html>proxy</html>", sam.ClassConfiguration},
		"a redirect":               {302, "", sam.ClassConfiguration},
		"success that is no token": {200, "<html>captive portal</html>", sam.ClassRetry},
		"an array":                 {400, `["invalid_grant"]`, sam.ClassConfiguration},
		"codes in strings":         {400, `{"error":"invalid_grant","error_codes":["700082"]}`, sam.ClassReconsent},
		"codes of a wrong type":    {400, `{"error":"invalid_grant","error_codes":{"a":1},"trace_id":7}`, sam.ClassReconsent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := entra.Classify("redeem", partner, partner, c.status, http.Header{"X-Ms-Request-Id": {"r-1"}}, []byte(c.body), at)
			if p.Class != c.class || p.Status != c.status || p.RequestID != "r-1" || p.Plain == "" || p.Fix == "" {
				t.Errorf("%+v, want class %s", p, c.class)
			}
		})
	}
}

func TestClassifyRetryAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		code   int
		want   time.Duration
	}{
		"none":                  {"", 90033, 0},
		"seconds":               {"60", 90033, time.Minute},
		"date":                  {at.Add(90 * time.Second).Format(http.TimeFormat), 90033, 90 * time.Second},
		"date in the past":      {at.Add(-time.Hour).Format(http.TimeFormat), 90033, 0},
		"negative":              {"-5", 90033, 0},
		"nonsense":              {"soon", 90033, 0},
		"absurd":                {"2000000000", 90033, 24 * time.Hour},
		"a loop waits longer":   {"", 50196, 5 * time.Minute},
		"a loop obeys a longer": {"900", 50196, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := entra.Classify("redeem", customer, partner, 400, http.Header{"Retry-After": {c.header}}, errorBody("invalid_grant", "", c.code), at)
			if p.RetryAfter != c.want {
				t.Errorf("RetryAfter %v, want %v", p.RetryAfter, c.want)
			}
		})
	}
}

func TestClassifyClaims(t *testing.T) {
	t.Parallel()
	const challenge = `{"access_token":{"polids":{"essential":true,"values":["9ab03e19-ed42-4168-b6b7-7001fb3e933a"]}}}`
	for name, c := range map[string]struct{ claims, want string }{
		"a challenge":  {challenge, challenge},
		"no JSON":      {"surprise", ""},
		"no object":    {`["x"]`, ""},
		"far too long": {`{"a":"` + strings.Repeat("x", 10<<10) + `"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := json.Marshal(map[string]any{"error": "invalid_grant", "error_codes": []int{50076}, "claims": c.claims})
			if err != nil {
				t.Fatal(err)
			}
			if p := entra.Classify("redeem", customer, partner, 400, nil, body, at); p.Claims != c.want {
				t.Errorf("claims %.80q, want %.80q", p.Claims, c.want)
			}
		})
	}
}

func TestClassifyNeverRepeatsTheDescription(t *testing.T) {
	t.Parallel()
	bodies := [][]byte{
		errorBody(leak, leak, 50076), errorBody("invalid_grant", leak, 1),
		[]byte(leak), fmt.Appendf(nil, `{"error":%q,"error_description":%q,"trace_id":%q,"claims":%q}`, leak, leak, leak+" ", leak),
	}
	for _, status := range []int{200, 400, 401, 429, 500} {
		for _, body := range bodies {
			p := entra.Classify("redeem", customer, partner, status, http.Header{"X-Ms-Request-Id": {leak + "\n"}}, body, at)
			if s := fmt.Sprintf("%+v %v", *p, p); strings.Contains(s, leak) {
				t.Errorf("HTTP %d: %s", status, s)
			}
		}
	}
}

func TestClassifyPublishedErrors(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "published", "entra")
	for file, want := range map[string]struct {
		code   string
		class  sam.Class
		claims bool
	}{
		"error_interaction_required_50079.json": {"AADSTS50079", sam.ClassReconsent, true},
		"error_invalid_scope_70011.json":        {"AADSTS70011", sam.ClassConfiguration, false},
		"error_invalid_grant_70008_v1.json":     {"AADSTS70008", sam.ClassReconsent, false},
		// This one says 65001 in its text and 50076 in error_codes: the list counts.
		"error_invalid_grant_65001.json": {"AADSTS50076", sam.ClassReconsent, false},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Skipf("published payloads are not here: %v", err)
			}
			p := entra.Classify("redeem", partner, partner, 400, nil, body, at)
			if p.Code != want.code || p.Class != want.class || p.RequestID == "" || (p.Claims != "") != want.claims {
				t.Errorf("%s %s [%s] claims %q", p.Code, p.Class, p.RequestID, p.Claims)
			}
		})
	}
}

func TestCallbackProblem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		oauth, description, code string
		class                    sam.Class
	}{
		"declined":           {"access_denied", "AADSTS65004: The user declined. Trace ID: " + traceID, "AADSTS65004", sam.ClassReconsent},
		"blocked by policy":  {"access_denied", "AADSTS53003: Blocked.", "AADSTS53003", sam.ClassPolicy},
		"denied, no code":    {"access_denied", "the user has denied", "access_denied", sam.ClassReconsent},
		"redirect not known": {"invalid_request", "AADSTS50011: The redirect URI.", "AADSTS50011", sam.ClassConfiguration},
		"outage":             {"temporarily_unavailable", "", "temporarily_unavailable", sam.ClassRetry},
		"server error":       {"server_error", "AADSTS90033: hm", "AADSTS90033", sam.ClassRetry},
		"wants the person":   {"login_required", "", "login_required", sam.ClassReconsent},
		"foreign text":       {"<b>" + leak + "</b>", leak, "", sam.ClassConfiguration},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := entra.CallbackProblem(c.oauth, c.description, partner)
			if p.Code != c.code || p.Class != c.class || p.Plain == "" || p.Fix == "" || p.Tenant != partner {
				t.Errorf("%+v, want %s %s", p, c.code, c.class)
			}
			if strings.Contains(p.Error(), leak) {
				t.Errorf("%v repeats what came in", p)
			}
		})
	}
}

func TestGrantRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code   int
		tenant sam.TenantID
		want   bool
	}{
		"revoked, at home":         {50173, partner, true},
		"revoked, at a customer":   {50173, customer, true},
		"expired, at a customer":   {700082, customer, true},
		"MFA wanted at home":       {50076, partner, true},
		"MFA wanted at a customer": {50076, customer, false},
		"no consent at a customer": {65001, customer, false},
		"wrong secret":             {7000215, partner, false},
		"outage":                   {90033, partner, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := entra.Classify("redeem", c.tenant, partner, 400, nil, errorBody("invalid_grant", "", c.code), at)
			if got := entra.GrantRefused(p); got != c.want {
				t.Errorf("GrantRefused = %v, want %v", got, c.want)
			}
		})
	}
	if entra.GrantRefused(nil) {
		t.Error("no problem is no refusal")
	}
}
