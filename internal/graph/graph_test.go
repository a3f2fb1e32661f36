package graph_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const tenant = sam.TenantID("c0000000-0000-4000-8000-000000000001")

type credential struct{}

func (credential) Tenant() sam.TenantID { return tenant }

func (credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "tok", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// serve starts a Graph that the test writes, and a client for it.
func serve(t *testing.T, h func(base string) http.HandlerFunc) *graph.Client {
	t.Helper()
	var handler http.HandlerFunc
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(w, r) }))
	t.Cleanup(srv.Close)
	handler = h(srv.URL)
	c, err := graph.New(graph.Config{BaseURL: srv.URL, Scope: "https://graph.microsoft.com/.default", HTTP: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answering gives every request one status and body.
func answering(t *testing.T, status int, header http.Header, body string) *graph.Client {
	t.Helper()
	return serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range header {
				w.Header()[k] = v
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	})
}

func TestRelationshipsOverAllPages(t *testing.T) {
	t.Parallel()
	c := serve(t, func(base string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if q.Get("$skiptoken") == "" {
				if q.Get("$filter") != "status eq 'active'" {
					t.Errorf("filter %q", q.Get("$filter"))
				}
				_, _ = fmt.Fprintf(w, `{"value":[{"id":"1","status":"active","customer":{"tenantId":"a"}},{"id":"2","status":"expiring"}],
					"@odata.nextLink":%q}`, base+r.URL.Path+"?$skiptoken=a%2Fb%20c")
				return
			}
			if r.URL.RawQuery != "$skiptoken=a%2Fb%20c" {
				t.Errorf("next link changed to %q", r.URL.RawQuery)
			}
			_, _ = io.WriteString(w, `{"value":[{"id":"3","status":"active","endDateTime":"2027-02-10T11:24:42.3148266Z"}]}`)
		}
	})
	got, err := c.DelegatedAdminRelationships(t.Context(), credential{})
	if err != nil || len(got) != 2 || got[0].Customer.TenantID != "a" || got[0].Ends != nil || got[1].Ends == nil || got[1].Ends.Year() != 2027 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBadNextLinks(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{
		"foreign host":   "https://evil.example/v1.0/subscribedSkus",
		"plain http":     "http://127.0.0.1/v1.0/subscribedSkus",
		"relative":       "/v1.0/subscribedSkus?page=2",
		"unparsable":     "https://[::1",
		"without scheme": "nextlink",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := answering(t, 200, nil, fmt.Sprintf(`{"value":[],"@odata.nextLink":%q}`, next))
			if got, err := c.SubscribedSkus(t.Context(), credential{}); sam.AsProblem(err) == nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	t.Run("repeats itself", func(t *testing.T) {
		t.Parallel()
		n := 0
		c := serve(t, func(base string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if n++; n > 5 {
					t.Error("no end")
				}
				_, _ = fmt.Fprintf(w, `{"value":[{"skuId":"x"}],"@odata.nextLink":%q}`, base+r.URL.Path+"?again")
			}
		})
		if got, err := c.SubscribedSkus(t.Context(), credential{}); sam.AsProblem(err) == nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestProblems(t *testing.T) {
	t.Parallel()
	challenge := http.Header{"Www-Authenticate": {`Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="`}}
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		body   string
		class  sam.Class
		reason sam.Reason
		code   string
		wait   time.Duration
	}{
		{"role missing", 403, nil, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation.","innerError":{"request-id":"r"}}}`, sam.ClassCustomer, sam.RoleInsufficient, "Authorization_RequestDenied", 0},
		{"context", 403, nil, `{"error":{"code":"Authorization_RequestDenied","message":"Unable to initialize the authorization context."}}`, sam.ClassCustomer, sam.RoleInsufficient, "Authorization_RequestDenied", 0},
		{"relationship gone", 403, nil, `{"error":{"code":"Authorization_RequestDenied","message":"User was not found."}}`, sam.ClassCustomer, sam.NoGDAP, "Authorization_RequestDenied", 0},
		{"no principal", 401, nil, `{"error":{"code":"Authorization_IdentityNotFound","message":"The identity of the calling application could not be established."}}`, sam.ClassCustomer, sam.ConsentMissing, "Authorization_IdentityNotFound", 0},
		{"no principal, nested", 403, nil, `{"error":{"code":"Forbidden","message":"x","innererror":{"code":"Authorization_IdentityNotFound"}}}`, sam.ClassCustomer, sam.ConsentMissing, "Forbidden", 0},
		{"token refused", 401, nil, `{"error":{"code":"InvalidAuthenticationToken","message":"x"}}`, sam.ClassRetry, "", "InvalidAuthenticationToken", 0},
		{"claims wanted still", 401, challenge, `{"error":{"code":"InvalidAuthenticationToken"}}`, sam.ClassPolicy, sam.BlockedByPolicy, "InvalidAuthenticationToken", 0},
		{"throttled", 429, http.Header{"Retry-After": {"9"}}, `{"error":{"code":"TooManyRequests","innerError":{"code":"429"}}}`, sam.ClassRetry, "", "TooManyRequests", 9 * time.Second},
		{"outage without body", 503, http.Header{"Retry-After": {"9"}}, ``, sam.ClassRetry, "", "HTTP503", 9 * time.Second},
		{"forbidden in HTML", 403, nil, `<html>`, sam.ClassCustomer, sam.RoleInsufficient, "HTTP403", 0},
		{"our request", 400, nil, `{"error":{"code":"BadRequest","message":"x"}}`, sam.ClassConfiguration, "", "BadRequest", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Request-Id": {"req-1"}}
			for k, v := range tt.header {
				header[k] = v
			}
			_, err := answering(t, tt.status, header, tt.body).Organization(t.Context(), credential{})
			p := sam.AsProblem(err)
			if p == nil {
				t.Fatalf("got %v", err)
			}
			if p.Class != tt.class || p.Reason != tt.reason || p.Code != tt.code || p.RetryAfter != tt.wait {
				t.Errorf("got %s %q %s after %v", p.Class, p.Reason, p.Code, p.RetryAfter)
			}
			if p.Tenant != tenant || p.RequestID != "req-1" || p.Plain == "" || p.Fix == "" || p.Status != tt.status {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestEmptyOrganization(t *testing.T) {
	t.Parallel()
	got, err := answering(t, 200, nil, `{"value":[]}`).Organization(t.Context(), credential{})
	if err != nil || got.ID != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzPages: whatever a page says, the client ends with an answer or a Problem,
// and the token stays on the host.
func FuzzPages(f *testing.F) {
	f.Add(200, `{"value":[{"skuId":"x","consumedUnits":1}],"@odata.nextLink":"https://graph.example.test/v1.0/x?$skiptoken=1"}`)
	f.Add(200, `{"value":[],"@odata.nextLink":"https://graph.example.test@evil.example/x"}`)
	f.Add(200, `{"value":null}`)
	f.Add(200, `{"value":[{"status":"active","accessContainer":{},"accessDetails":{"unifiedRoles":[{}]},"@odata.type":"#microsoft.graph.group"}]}`)
	f.Add(200, `{"value":[],"@odata.nextLink":"https://grAph.eXAMple.test"}`)
	f.Add(403, `{"error":{"code":1,"innerError":{"innerError":{}}}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			t.Skip("no answer has this status")
		}
		n := 0
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.EqualFold(r.URL.Hostname(), "graph.example.test") || r.URL.Scheme != "https" {
				t.Fatalf("request to %s", r.URL)
			}
			said := body
			if n++; n%4 == 0 {
				said = `{}`
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(said)), Request: r}, nil
		}), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		c, err := graph.New(graph.Config{BaseURL: "https://graph.example.test", Scope: "s", HTTP: client})
		if err != nil {
			t.Fatal(err)
		}
		_, licences := c.SubscribedSkus(context.Background(), credential{})
		_, relationships := c.DelegatedAdminRelationships(context.Background(), credential{})
		_, assignments := c.AccessAssignments(context.Background(), credential{}, "a/b")
		_, groups := c.MyGroups(context.Background(), credential{})
		for _, err := range []error{licences, relationships, assignments, groups} {
			if p := sam.AsProblem(err); err != nil && (p == nil || p.Class == "" || p.Plain == "") {
				t.Fatalf("got %v", err)
			}
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
