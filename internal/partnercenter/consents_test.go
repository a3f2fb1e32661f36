package partnercenter_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const graphApp = sam.AppID("00000003-0000-0000-c000-000000000000")

// wanted is a sound consent.
func wanted() partnercenter.Consent {
	return partnercenter.Consent{
		App: "57667d41-992a-49b0-99d8-ddf68328373f", Resource: graphApp,
		Scopes: []string{"Directory.ReadWrite.All"}, RequestID: "88888888-8888-4888-8888-888888888888",
	}
}

// One resource in a POST, in the published form, and a repetition of the
// pipeline with the same idempotency key.
func TestConsentRequest(t *testing.T) {
	t.Parallel()
	var bodies []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if r.Method != http.MethodPost || r.URL.Path != "/v1/customers/"+string(customer)+"/applicationconsents" ||
			r.Header.Get("MS-RequestId") != wanted().RequestID || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer tok" {
			t.Errorf("%s %s with %v", r.Method, r.URL, r.Header)
		}
		if len(bodies) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	if existed, err := c.GiveConsent(t.Context(), credential{}, customer, wanted()); err != nil || existed {
		t.Fatalf("existed %v, %v", existed, err)
	}
	if len(bodies) != 2 || bodies[0] != bodies[1] {
		t.Fatalf("sent %q", bodies)
	}
	text, err := os.ReadFile(filepath.Join(published, "applicationconsents_post_request.json"))
	if err != nil {
		t.Skipf("published payloads are not beside this checkout: %v", err)
	}
	var sample, got map[string]any
	if err := json.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	sample["applicationGrants"] = sample["applicationGrants"].([]any)[1:] // the one for Graph
	if a, b := fmt.Sprint(sample), fmt.Sprint(got); a != b {
		t.Errorf("sent %s, published is %s", b, a)
	}
}

func TestScopesAreJoinedByCommas(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), `"scope":"A.Read,B.Read"`) || !strings.Contains(string(body), `"displayName":"samkeeper"`) {
			t.Errorf("sent %s", body)
		}
		w.WriteHeader(http.StatusOK)
	})
	consent := wanted()
	consent.Name, consent.Scopes = "samkeeper", []string{"A.Read", "B.Read"}
	if existed, err := c.GiveConsent(t.Context(), credential{}, customer, consent); err != nil || existed {
		t.Errorf("existed %v, %v", existed, err)
	}
}

// consentAnswers is table 5.6 of the reference, and what is seen beside it.
var consentAnswers = []struct {
	name    string
	status  int
	body    string
	existed bool
	class   sam.Class // "" is no problem
	reason  sam.Reason
	fix     string // a word of it
}{
	{"given", 201, `{}`, false, "", "", ""},
	{"given, no body", 200, ``, false, "", "", ""},
	{"exists", 409, `{"code":3000,"description":"Permission entry already exists."}`, true, "", "", ""},
	{"exists, in HTML", 409, `<html>`, true, "", "", ""},
	{"exists, as a bad request", 400, `{"code":"3000","description":"Permission entry already exists."}`, true, "", "", ""},
	{"service unknown", 400, `{"code":3000,"description":"The resource 0000 has no service principal in the tenant."}`, false, sam.ClassCustomer, sam.ServiceMissing, "licence"},
	{"resource not found", 400, `{"description":"Resource '0000' does not exist or one of its queried objects."}`, false, sam.ClassCustomer, sam.ServiceMissing, "licence"},
	{"scope unknown", 400, `{"code":3000,"description":"The scope Foo is not valid."}`, false, sam.ClassConfiguration, "", "SAMKEEPER_CONSENT_SCOPES"},
	{"scope unknown to the directory", 400, `{"description":"Claim is invalid: Foo does not exist on resource application 0000."}`, false, sam.ClassConfiguration, "", "SAMKEEPER_CONSENT_SCOPES"},
	{"another app", 400, `{"code":3000,"description":"The applicationId is not that of the token."}`, false, sam.ClassConfiguration, "", "SAMKEEPER_APP_ID"},
	{"bad request without a word", 400, ``, false, sam.ClassConfiguration, "", "Report"},
	{"customer id refused", 400, `{"code":900118}`, false, sam.ClassCustomer, sam.NoReseller, "Partner Center"},
	{"no MFA", 401, `{"code":900421}`, false, sam.ClassReconsent, "", "MFA"},
	{"token refused", 401, `{"code":400}`, false, sam.ClassRetry, "", "again"},
	{"no role", 403, `{"code":2032,"description":"Access denied"}`, false, sam.ClassCustomer, sam.NoConsentRole, "Cloud Application Administrator"},
	{"forbidden without a word", 403, ``, false, sam.ClassCustomer, sam.NoConsentRole, "Cloud Application Administrator"},
	{"no reseller", 403, `{"code":20002}`, false, sam.ClassCustomer, sam.NoReseller, "relationship"},
	{"customer's policy", 403, `{"code":900309}`, false, sam.ClassCustomer, sam.BlockedByPolicy, "excludes"},
	{"not an admin agent", 403, `{"code":900150}`, false, sam.ClassConfiguration, "", "Admin agents"},
	{"not listed", 404, `{"code":60003}`, false, sam.ClassCustomer, sam.NotListed, "admin consent page"},
	{"not found without a word", 404, ``, false, sam.ClassCustomer, sam.NotListed, "admin consent page"},
	{"throttled", 429, `{"statusCode":429,"message":"Rate limit is exceeded. Try again in 57 seconds."}`, false, sam.ClassRetry, "", "Nothing"},
	{"failure", 500, `{"code":800003}`, false, sam.ClassRetry, "", "again"},
}

func TestConsentAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range consentAnswers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			existed, err := answering(t, tt.status, []byte(tt.body)).GiveConsent(t.Context(), credential{}, customer, wanted())
			p := sam.AsProblem(err)
			if existed != tt.existed || (p == nil) != (tt.class == "") || (err == nil) != (p == nil) {
				t.Fatalf("existed %v, %v", existed, err)
			}
			if p == nil {
				return
			}
			if p.Class != tt.class || p.Reason != tt.reason || p.Status != tt.status || p.Tenant != customer.Tenant() {
				t.Errorf("%s %q of %s (HTTP %d)", p.Class, p.Reason, p.Tenant, p.Status)
			}
			if p.Plain == "" || !strings.Contains(p.Fix, tt.fix) {
				t.Errorf("%q %q, want a fix with %q", p.Plain, p.Fix, tt.fix)
			}
		})
	}
}

func TestLostConsent(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		hijack(t, w, "")
	})
	_, err := c.GiveConsent(t.Context(), credential{}, customer, wanted())
	if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassRetry || p.Status != 0 || p.Tenant != customer.Tenant() {
		t.Errorf("%v, want a problem that says that no answer came", err)
	}
}

// Whatever comes back: consent, existing consent, or a problem of a known class
// with a sentence and a fix.
func FuzzConsentAnswer(f *testing.F) {
	for _, row := range consentAnswers {
		f.Add(row.status, row.body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 || status == 500 || status > 501 && status < 505 {
			t.Skip("no answer to a POST, or one that is repeated after a pause")
		}
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		defer srv.Close()
		client, err := partnercenter.New(partnercenter.Config{BaseURL: srv.URL, Scope: "s/.default", HTTP: srv.Client()})
		if err != nil {
			t.Fatal(err)
		}
		existed, err := client.GiveConsent(t.Context(), credential{}, customer, wanted())
		switch p := sam.AsProblem(err); {
		case err == nil && (existed || status == 200 || status == 201):
		case err == nil:
			t.Errorf("HTTP %d with %q is no consent", status, body)
		case existed || p == nil || p.Plain == "" || p.Fix == "" || p.Class == "":
			t.Errorf("HTTP %d with %q: existed %v, %+v", status, body, existed, p)
		}
	})
}
