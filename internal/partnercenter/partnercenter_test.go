package partnercenter_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	partner  = sam.TenantID("11111111-1111-4111-8111-111111111111")
	customer = sam.CustomerID("c0000000-0000-4000-8000-000000000001")
)

type credential struct{}

func (credential) Tenant() sam.TenantID { return partner }

func (credential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "tok", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// serve starts a Partner Center that the test writes, and a client for it.
func serve(t *testing.T, h http.HandlerFunc) *partnercenter.Client {
	t.Helper()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	c, err := partnercenter.New(partnercenter.Config{
		BaseURL: srv.URL, Scope: "https://api.partnercenter.microsoft.com/.default", HTTP: srv.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func guid(n int) string { return fmt.Sprintf("c0000000-0000-4000-8000-%012d", n) }

// page renders a page of customers [from, to) with a link.
func page(from, to int, next string) string {
	var items []string
	for i := from; i < to; i++ {
		items = append(items, fmt.Sprintf(`{"id":%q,"companyProfile":{"tenantId":%q,"domain":"d%d.example","companyName":"N%d"},"relationshipToPartner":"reseller"}`, guid(i), guid(i), i, i))
	}
	links := `{}`
	if next != "" {
		links = `{"next":` + next + `}`
	}
	return `{"totalCount":2,"items":[` + strings.Join(items, ",") + `],"links":` + links + `}`
}

func TestCustomersOverAllPages(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{
		"link without version": "", "link with version": "/v1", "link with a foreign host": "https://evil.example/v1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			ids := map[string]bool{}
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if r.URL.Path != "/v1/customers" || r.Header.Get("Authorization") != "Bearer tok" || r.Header.Get("MS-Contract-Version") != "v1" {
					t.Errorf("request %s with %v", r.URL, r.Header)
				}
				if id := r.Header.Get("MS-RequestId"); id == "" || ids[id] {
					t.Errorf("request id %q missing or used again for another call", id)
				} else {
					ids[id] = true
				}
				token := r.Header.Get("MS-ContinuationToken")
				next := func(token string) string {
					return fmt.Sprintf(`{"uri":"%s/customers?size=500&seekOperation=Next","method":"GET","headers":[{"key":"MS-ContinuationToken","value":%q}]}`, prefix, token)
				}
				switch token {
				case "":
					_, _ = io.WriteString(w, page(0, 3, next("A")))
				case "A":
					_, _ = io.WriteString(w, page(2, 5, next("B"))) // overlaps: a customer moved up meanwhile
				case "B":
					_, _ = io.WriteString(w, page(5, 6, ""))
				}
			})
			got, err := c.Customers(t.Context(), credential{})
			if err != nil || len(got) != 6 {
				t.Fatalf("%d customers, %v", len(got), err)
			}
			if got[4].ID != sam.CustomerID(guid(4)) || got[4].Name != "N4" || got[4].Domain != "d4.example" || got[4].Relationship != "reseller" {
				t.Errorf("customer %+v", got[4])
			}
		})
	}
}

// A repetition after an outage carries the same idempotency key.
func TestRequestIDIsReusedOnRetry(t *testing.T) {
	t.Parallel()
	var ids []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ids = append(ids, r.Header.Get("MS-RequestId"))
		if len(ids) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, page(0, 1, ""))
	})
	if _, err := c.Customers(t.Context(), credential{}); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 2 || ids[0] == "" || ids[0] != ids[1] {
		t.Errorf("request ids %q", ids)
	}
}

func TestBadContinuations(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{
		"repeats itself":         `{"uri":"/customers?size=500","method":"GET","headers":[]}`,
		"repeats its token":      `{"uri":"/customers?x=1","headers":[{"key":"MS-ContinuationToken","value":"same"}]}`,
		"is a POST":              `{"uri":"/customers?x=1","method":"POST"}`,
		"sets the authorization": `{"uri":"/customers?x=1","headers":[{"key":"authorization","value":"x"}]}`,
		"sets the host":          `{"uri":"/customers?x=1","headers":[{"key":"host","value":"x"}]}`,
		"has an unreadable uri":  `{"uri":"http://[::1","method":"GET"}`,
		"has an escaped path":    `{"uri":"/v1/%2e%2e/x","method":"GET"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if n++; n > 5 {
					t.Error("no end")
				}
				_, _ = io.WriteString(w, page(0, 1, next))
			})
			got, err := c.Customers(t.Context(), credential{})
			if p := sam.AsProblem(err); p == nil || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// A customer that cannot be identified is never dropped in silence.
func TestUnusableCustomerIsAnError(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"items":[{"id":"nobody"}]}`)
	})
	if got, err := c.Customers(t.Context(), credential{}); sam.AsProblem(err) == nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		customer bool
		status   int
		line     string // reason phrase, "" for the usual one
		header   string // Retry-After
		body     string
		class    sam.Class
		reason   sam.Reason
		code     string
		wait     time.Duration
	}{
		{"MFA required, 2026", false, 401, "", "", `{"code":900421,"description":"MFA required","data":[],"source":"x"}`, sam.ClassReconsent, "", "900421", 0},
		{"MFA required, code as string", false, 401, "", "", `{"code":"900421","description":"x"}`, sam.ClassReconsent, "", "900421", 0},
		{"MFA required, reason phrase only", false, 401, "Unauthorized - MFA required", "", ``, sam.ClassReconsent, "", "900421", 0},
		{"token refused", false, 401, "", "", `{"code":400,"description":"Access denied"}`, sam.ClassRetry, "", "400", 0},
		{"not an admin agent", false, 403, "", "", `{"code":2032}`, sam.ClassConfiguration, "", "2032", 0},
		{"agreement not accepted", false, 403, "", "", `{"code":900124}`, sam.ClassConfiguration, "", "900124", 0},
		{"no reseller", true, 403, "", "", `{"code":20002}`, sam.ClassCustomer, sam.NoReseller, "20002", 0},
		{"role at the customer", true, 403, "", "", `{"code":2032}`, sam.ClassCustomer, sam.RoleInsufficient, "2032", 0},
		{"customer's policy", true, 403, "", "", `{"code":900309}`, sam.ClassCustomer, sam.BlockedByPolicy, "900309", 0},
		{"tenant gone", true, 404, "", "", `{"code":60003}`, sam.ClassCustomer, sam.TenantGone, "60003", 0},
		{"unknown code of a customer", true, 404, "", "", `{"code":1000}`, sam.ClassCustomer, sam.NoReseller, "1000", 0},
		{"throttled, header", true, 429, "", "30", `{"statusCode":429,"message":"Rate limit is exceeded. Try again in 57 seconds."}`, sam.ClassRetry, "", "HTTP429", 30 * time.Second},
		{"throttled, body only", true, 429, "", "", `{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }`, sam.ClassRetry, "", "HTTP429", 57 * time.Second},
		{"throttled, no JSON", false, 429, "", "", `Too many`, sam.ClassRetry, "", "HTTP429", 0},
		{"outage", false, 500, "", "", `{"code":800003,"description":"Unexpected"}`, sam.ClassRetry, "", "800003", 0},
		{"outage, HTML", false, 502, "", "", `<html>`, sam.ClassRetry, "", "HTTP502", 0},
		{"our request", false, 400, "", "", `{"code":2000}`, sam.ClassConfiguration, "", "2000", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("MS-RequestId", "req-1")
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				if tt.line != "" {
					hijack(t, w, fmt.Sprintf("HTTP/1.1 %d %s\r\nMS-RequestId: req-1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", tt.status, tt.line))
					return
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			var err error
			want := partner
			if tt.customer {
				_, err = c.Subscriptions(t.Context(), credential{}, customer)
				want = customer.Tenant()
			} else {
				_, err = c.Customers(t.Context(), credential{})
			}
			p := sam.AsProblem(err)
			if p == nil {
				t.Fatalf("got %v", err)
			}
			if p.Class != tt.class || p.Reason != tt.reason || p.Code != tt.code || p.RetryAfter != tt.wait || p.Status != tt.status {
				t.Errorf("got %s %q %s after %v (HTTP %d)", p.Class, p.Reason, p.Code, p.RetryAfter, p.Status)
			}
			if p.Tenant != want || p.RequestID != "req-1" || p.Op == "" || p.Plain == "" || p.Fix == "" {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// hijack writes an answer by hand: net/http writes no reason phrase of ours.
func hijack(t *testing.T, w http.ResponseWriter, answer string) {
	t.Helper()
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, answer)
}

func TestIsAzure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		sub  partnercenter.Subscription
		want bool
	}{
		{"plan by name", partnercenter.Subscription{OfferName: "Azure plan", Status: "active"}, true},
		{"plan by catalogue id", partnercenter.Subscription{OfferID: "DZH318Z0BPS6:0001", Status: "active"}, true},
		{"before the new commerce", partnercenter.Subscription{OfferID: "MS-AZR-0145P", OfferName: "Microsoft Azure", Status: "suspended"}, true},
		{"billed by usage", partnercenter.Subscription{OfferName: "?", BillingType: "usage"}, true},
		{"deleted plan", partnercenter.Subscription{OfferName: "Azure plan", Status: "deleted"}, false},
		{"licence with Azure in its name", partnercenter.Subscription{OfferName: "Azure Active Directory Premium P1", Status: "active", BillingType: "license"}, false},
		{"office", partnercenter.Subscription{OfferName: "Microsoft 365 Business Premium", OfferID: "CFQ7TTC0LCHC:0002", Status: "active", BillingType: "license"}, false},
		{"empty", partnercenter.Subscription{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.sub.IsAzure(); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// FuzzPages: whatever a page says, the client ends with customers or with a
// Problem, and sends its token nowhere but to the server.
func FuzzPages(f *testing.F) {
	f.Add(page(0, 1, `{"uri":"/customers?size=500","method":"GET","headers":[]}`))
	f.Add(page(0, 1, `{"uri":"//evil.example/v1/customers","headers":[{"key":"MS-ContinuationToken","value":"x"}]}`))
	f.Add(page(0, 1, `{"uri":"https://evil.example:1/../..","headers":[{"key":"","value":""}]}`))
	f.Add(`{"items":null,"links":null}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		n := 0
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "api.example.test" || r.Host != "" && r.Host != "api.example.test" {
				t.Fatalf("request to %s (%s)", r.URL, r.Host)
			}
			if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer tok" {
				t.Fatalf("authorization %q", got)
			}
			if !strings.HasPrefix(strings.ToLower(r.URL.Path), "/v1/") || strings.Contains(r.URL.Path, "..") {
				t.Fatalf("path %q", r.URL.Path)
			}
			if n++; n > 3 {
				body = `{}`
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})}
		c, err := partnercenter.New(partnercenter.Config{BaseURL: "https://api.example.test", Scope: "s", HTTP: client})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Customers(context.Background(), credential{}); err != nil && sam.AsProblem(err) == nil {
			t.Fatalf("got %v", err)
		}
	})
}

// FuzzRefusal: every error body becomes a Problem with a class and a sentence.
func FuzzRefusal(f *testing.F) {
	f.Add(403, `{"code":20002,"description":"x"}`)
	f.Add(429, `{"statusCode":429,"message":"Try again in 999999999999 seconds"}`)
	f.Add(401, `{"code":{"a":1}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 400 || status > 599 {
			t.Skip("not a refusal")
		}
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})}
		c, err := partnercenter.New(partnercenter.Config{BaseURL: "https://api.example.test", Scope: "s", HTTP: client})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Subscriptions(context.Background(), credential{}, customer)
		p := sam.AsProblem(err)
		if p == nil || p.Class == "" || p.Plain == "" || p.RetryAfter < 0 || len(p.Code) > 100 {
			t.Fatalf("got %+v", p)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
