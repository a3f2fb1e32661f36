package arm_test

import (
	"context"
	"encoding/json"
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
	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	tenant = sam.TenantID("c0000000-0000-4000-8000-000000000001")
	subA   = "aaaaaaaa-0000-4000-8000-000000000001"
	subB   = "bbbbbbbb-0000-4000-8000-000000000001"
)

// credential notes the scopes it is asked for.
type credential struct {
	mu     sync.Mutex
	scopes map[string]bool
}

func (c *credential) Tenant() sam.TenantID { return tenant }

func (c *credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.scopes == nil {
		c.scopes = map[string]bool{}
	}
	c.scopes[strings.Join(o.Scopes, " ")] = true
	return azcore.AccessToken{Token: "tok", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// serve starts an ARM that the test writes, and a client for it.
func serve(t *testing.T, h func(base string) http.HandlerFunc) *arm.Client {
	t.Helper()
	var handler http.HandlerFunc
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(w, r) }))
	t.Cleanup(srv.Close)
	handler = h(srv.URL)
	return client(t, srv.URL, srv.Client())
}

func client(t *testing.T, base string, hc *http.Client) *arm.Client {
	t.Helper()
	public, _ := cloud.Lookup("public")
	c, err := arm.New(arm.Config{Cloud: public, BaseURL: base, HTTP: hc})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answering gives every request one status and body.
func answering(t *testing.T, status int, header http.Header, body string) *arm.Client {
	t.Helper()
	return serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { reply(w, status, header, body) }
	})
}

func reply(w http.ResponseWriter, status int, header http.Header, body string) {
	for k, v := range header {
		w.Header()[k] = v
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func isGraph(r *http.Request) bool {
	return strings.EqualFold(r.URL.Path, "/providers/Microsoft.ResourceGraph/resources")
}

const denied = `{"error":{"code":"AuthorizationFailed","message":"The client does not have authorization."}}`

func TestSubscriptionsOverAllPages(t *testing.T) {
	t.Parallel()
	c := serve(t, func(base string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("$skipToken") == "" {
				_, _ = fmt.Fprintf(w, `{"value":[{"subscriptionId":%q,"displayName":"A","state":"Enabled","tenantId":"t","subscriptionPolicies":{"quotaId":"q"}}],"nextLink":%q}`,
					subA, base+"/subscriptions?api-version=2022-12-01&$skipToken=2")
				return
			}
			_, _ = fmt.Fprintf(w, `{"value":[{"subscriptionId":%q,"state":"Disabled"},{}]}`, subB)
		}
	})
	cred := &credential{}
	got, err := c.Subscriptions(t.Context(), cred)
	want := []arm.Subscription{{ID: subA, Name: "A", State: "Enabled", Tenant: "t", Quota: "q"}, {ID: subB, State: "Disabled"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if !cred.scopes["https://management.azure.com/.default"] || len(cred.scopes) != 1 {
		t.Errorf("scopes %v", cred.scopes)
	}
}

// The SDK's own pagers follow next links, too; ours is the pipeline below.
func TestNextLinkToAnotherHostIsRefused(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(c *arm.Client) error{
		"subscriptions": func(c *arm.Client) error { _, err := c.Subscriptions(t.Context(), &credential{}); return err },
		"groups":        func(c *arm.Client) error { _, err := c.ResourceGroups(t.Context(), &credential{}, subA); return err },
		"classic":       func(c *arm.Client) error { _, err := c.ClassicAlerts(t.Context(), &credential{}, subA); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := answering(t, 200, nil, `{"value":[],"nextLink":"http://nextlink"}`)
			p := sam.AsProblem(call(c))
			if p == nil || p.Class != sam.ClassConfiguration || p.Code != "ForeignLink" {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// graphAnswer is Resource Graph with the given rows in pages of one.
func graphAnswer(t *testing.T, w http.ResponseWriter, r *http.Request, rows []string) {
	t.Helper()
	var q struct {
		Subscriptions []string `json:"subscriptions"`
		Query         string   `json:"query"`
		Options       struct {
			SkipToken string `json:"$skipToken"`
			Format    string `json:"resultFormat"`
			Top       int    `json:"$top"`
		} `json:"options"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Options.Format != "objectArray" || q.Options.Top != 1000 || len(q.Subscriptions) == 0 || q.Query == "" {
		t.Errorf("question %+v, %v", q, err)
	}
	at := len(q.Options.SkipToken)
	next := ""
	if at+1 < len(rows) {
		next = fmt.Sprintf(`,"$skipToken":%q`, strings.Repeat("x", at+1))
	}
	_, _ = fmt.Fprintf(w, `{"totalRecords":%d,"count":1,"data":[%s],"resultTruncated":"false"%s}`, len(rows), rows[at], next)
}

var (
	vm1 = "/subscriptions/" + subA + "/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm1"
	vm2 = "/subscriptions/" + subB + "/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm2"
)

// Resource Graph and the lists give the same normalised answer.
func TestHealthBothWays(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	graphRows := []string{
		fmt.Sprintf(`{"id":"%s/providers/microsoft.resourcehealth/availabilitystatuses/current","properties":{"targetResourceId":%q,"availabilityState":"Unavailable","occurredTime":"2026-11-20T10:00:00Z"}}`, strings.ToLower(vm1), vm1),
		fmt.Sprintf(`{"id":"%s/providers/microsoft.resourcehealth/availabilitystatuses/current","properties":{"targetResourceId":%q,"availabilityState":"Available","occurredTime":"not a time"}}`, vm2, vm2),
		fmt.Sprintf(`{"id":"a","type":"Microsoft.ResourceHealth/resourceAnnotations","properties":{"targetResourceId":%q,"reason":"Unplanned","summary":"Broken."}}`, strings.ToLower(vm1)),
		fmt.Sprintf(`{"id":"b","type":"microsoft.resourcehealth/resourceannotations","properties":{"targetResourceId":%q,"reason":"Unplanned","summary":"Was broken."}}`, vm2),
	}
	listRow := func(id, suffix, state, field, when string) string {
		why := ""
		if state == "Unavailable" {
			why = `"summary":"Broken.","reasonType":"Unplanned",`
		}
		return fmt.Sprintf(`{"value":[{"id":"%s%s","properties":{%s"availabilityState":%q,%q:%q}}]}`, id, suffix, why, state, field, when)
	}
	want := []arm.Status{{Resource: vm1, State: "Unavailable", Since: at, Summary: "Broken.", Reason: "Unplanned"}, {Resource: vm2, State: "Available"}}
	for _, tt := range []struct {
		name   string
		refuse int // status of Resource Graph; 0 means it answers
		source arm.Source
	}{
		{"resource graph", 0, arm.ResourceGraph},
		{"refused by right", 403, arm.Lists},
		{"question not understood", 400, arm.Lists},
		{"not there", 404, arm.Lists},
		{"broken", 500, arm.Lists},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					switch {
					case isGraph(r) && tt.refuse != 0:
						reply(w, tt.refuse, nil, denied)
					case isGraph(r):
						graphAnswer(t, w, r, graphRows)
					case strings.Contains(r.URL.Path, subA):
						_, _ = io.WriteString(w, listRow(vm1, "/providers/Microsoft.ResourceHealth/AvailabilityStatueses/current", "Unavailable", "occuredTime", "2026-11-20T10:00:00Z"))
					default:
						_, _ = io.WriteString(w, listRow(vm2, "/PROVIDERS/microsoft.RESOURCEHEALTH/x", "Available", "occurredTime", "never"))
					}
				}
			})
			got, err := c.Health(t.Context(), &credential{}, []string{subA, subB})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Items); diff != "" || got.Source != tt.source || len(got.Unread) != 0 {
				t.Errorf("from %s, unread %v (-want +got):\n%s", got.Source, got.Unread, diff)
			}
		})
	}
}

// Throttling is no reason to ask more questions.
func TestThrottledResourceGraphIsNotReplacedByLists(t *testing.T) {
	t.Parallel()
	var asked []string
	c := serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.Path)
			reply(w, 429, http.Header{"Retry-After": {"5"}}, `{"error":{"code":"RateLimiting","message":"x"}}`)
		}
	})
	_, err := c.FiredAlerts(t.Context(), &credential{}, []string{subA})
	if p := sam.AsProblem(err); p == nil || p.Class != sam.ClassRetry || p.RetryAfter != 5*time.Second || p.Code != "RateLimiting" || len(asked) != 1 {
		t.Errorf("got %+v after %v", p, asked)
	}
}

// One subscription without rights is noted; all without rights is a problem.
func TestListsSayWhatTheyCouldNotRead(t *testing.T) {
	t.Parallel()
	c := serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if isGraph(r) || strings.Contains(r.URL.Path, subA) {
				reply(w, 403, nil, denied)
				return
			}
			_, _ = io.WriteString(w, `{"value":[]}`)
		}
	})
	got, err := c.Health(t.Context(), &credential{}, []string{subA, subB})
	if err != nil || got.Unread[subA] != "AuthorizationFailed" || len(got.Unread) != 1 || got.Items == nil {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = c.Health(t.Context(), &credential{}, []string{subA})
	if p := sam.AsProblem(err); p == nil || p.Reason != sam.NoAzureRBAC {
		t.Errorf("got %+v", p)
	}
}

func TestFiredAlertsBothWays(t *testing.T) {
	t.Parallel()
	alert := func(name, condition, state string) string {
		return fmt.Sprintf(`{"id":"/subscriptions/%s/providers/Microsoft.AlertsManagement/alerts/%s","name":%q,"properties":{"essentials":{"severity":"Sev1","monitorCondition":%q,"alertState":%q,"monitorService":"Platform","targetResource":%q,"alertRule":"/subscriptions/x/providers/microsoft.insights/metricalerts/cpu","description":"d","startDateTime":"2026-11-20T10:00:00.1234567Z"}}}`,
			subA, name, name, condition, state, vm1)
	}
	id := "66114d64-d9d9-478b-95c9-b789d6502100"
	rows := []string{alert(id, "Fired", "New"), alert("two", "Fired", "Closed"), alert("three", "Resolved", "New")}
	want := []arm.Alert{{
		ID: "/subscriptions/" + subA + "/providers/Microsoft.AlertsManagement/alerts/" + id, Name: "cpu",
		Severity: "Sev1", State: "New", Service: "Platform", Target: vm1, Detail: "d",
		Started: time.Date(2026, 11, 20, 10, 0, 0, 123456700, time.UTC),
	}}
	for name, refuse := range map[string]bool{"resource graph": false, "lists": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					switch {
					case isGraph(r) && refuse:
						reply(w, 403, nil, denied)
					case isGraph(r):
						graphAnswer(t, w, r, rows)
					default:
						if q := r.URL.Query(); q.Get("timeRange") != "30d" || q.Get("monitorCondition") != "Fired" {
							t.Errorf("query %v", q)
						}
						_, _ = io.WriteString(w, `{"value":[`+strings.Join(rows, ",")+`]}`)
					}
				}
			})
			got, err := c.FiredAlerts(t.Context(), &credential{}, []string{subA})
			if diff := cmp.Diff(want, got.Items); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestResourceCountsBothWays(t *testing.T) {
	t.Parallel()
	want := []arm.TypeCount{{Type: "microsoft.compute/virtualmachines", Count: 2}, {Type: "microsoft.storage/storageaccounts", Count: 1}}
	for name, refuse := range map[string]bool{"resource graph": false, "lists": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					switch {
					case isGraph(r) && refuse:
						reply(w, 400, nil, `{"error":{"code":"BadRequest"}}`)
					case isGraph(r):
						graphAnswer(t, w, r, []string{`{"type":"microsoft.storage/storageaccounts","n":1}`, `{"type":"microsoft.compute/virtualmachines","n":2}`})
					default:
						_, _ = io.WriteString(w, `{"value":[{"type":"Microsoft.Compute/virtualMachines"},{"type":"Microsoft.Storage/storageAccounts"},{"type":"microsoft.compute/VirtualMachines"}]}`)
					}
				}
			})
			got, err := c.ResourceCounts(t.Context(), &credential{}, []string{subA})
			if diff := cmp.Diff(want, got.Items); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestClassicAlerts(t *testing.T) {
	t.Parallel()
	rule := func(name string, enabled bool) string {
		return fmt.Sprintf(`{"id":"/subscriptions/%s/resourceGroups/web/providers/microsoft.insights/alertrules/%s","name":%q,"properties":{"isEnabled":%v,"condition":{"dataSource":{"resourceUri":%q}}}}`, subA, name, name, enabled, vm1)
	}
	c := serve(t, func(string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch path := r.URL.Path; {
			case strings.HasSuffix(path, "/resourcegroups"):
				_, _ = io.WriteString(w, `{"value":[{"name":"web"}]}`)
			case strings.HasSuffix(path, "/alertrules"):
				_, _ = io.WriteString(w, `{"value":[`+rule("No runs", true)+","+rule("quiet", true)+","+rule("off", false)+`]}`)
			case strings.HasSuffix(path, "/No runs/incidents") && strings.Contains(r.URL.EscapedPath(), "/No%20runs/"):
				_, _ = io.WriteString(w, `{"value":[{"isActive":false,"activatedTime":"2017-11-01T00:00:00Z"},
					{"isActive":true,"activatedTime":"2017-11-02T12:49:27.2830826+00:00","resolvedTime":null},
					{"isActive":true,"activatedTime":"2017-11-03T00:00:00Z","resolvedTime":"2017-11-04T00:00:00Z"}]}`)
			case strings.HasSuffix(path, "/quiet/incidents"):
				_, _ = io.WriteString(w, `{"value":[]}`)
			default:
				t.Errorf("unexpected request %s", r.URL)
			}
		}
	})
	got, err := c.ClassicAlerts(t.Context(), &credential{}, subA)
	want := []arm.ClassicRule{{
		ID:   "/subscriptions/" + subA + "/resourceGroups/web/providers/microsoft.insights/alertrules/No runs",
		Name: "No runs", Target: vm1, Since: time.Date(2017, 11, 2, 12, 49, 27, 283082600, time.UTC),
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
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
	}{
		{"no rights", 403, nil, denied, sam.ClassCustomer, sam.NoAzureRBAC, "AuthorizationFailed"},
		{"no rights, Pascal case", 403, nil, `{"Code":"AuthorizationFailed","Message":"x"}`, sam.ClassCustomer, sam.NoAzureRBAC, "AuthorizationFailed"},
		{"wrong tenant", 401, nil, `{"error":{"code":"InvalidAuthenticationTokenTenant","message":"x"}}`, sam.ClassConfiguration, "", "InvalidAuthenticationTokenTenant"},
		{"token expired", 401, nil, `{"error":{"code":"ExpiredAuthenticationToken","message":"x"}}`, sam.ClassRetry, "", "ExpiredAuthenticationToken"},
		{"claims wanted still", 401, challenge, `{"error":{"code":"InvalidAuthenticationToken"}}`, sam.ClassPolicy, sam.BlockedByPolicy, "InvalidAuthenticationToken"},
		{"provider missing", 409, nil, `{"error":{"code":"MissingSubscriptionRegistration","message":"x"}}`, sam.ClassCustomer, sam.ServiceMissing, "MissingSubscriptionRegistration"},
		{"subscription moved", 404, nil, `{"error":{"code":"SubscriptionNotFound","message":"x"}}`, sam.ClassRetry, "", "SubscriptionNotFound"},
		{"throttled", 429, nil, `{"error":{"code":"SubscriptionRequestsThrottled"}}`, sam.ClassRetry, "", "SubscriptionRequestsThrottled"},
		{"code only in details", 409, nil, `{"error":{"code":"Conflict","details":[{"code":"MissingSubscriptionRegistration"}]}}`, sam.ClassCustomer, sam.ServiceMissing, "Conflict"},
		{"bare", 400, nil, `{"code":"InvalidApiVersionParameter","message":"x"}`, sam.ClassConfiguration, "", "InvalidApiVersionParameter"},
		{"no body", 502, nil, ``, sam.ClassRetry, "", "HTTP502"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"X-Ms-Request-Id": {"req-1"}}
			for k, v := range tt.header {
				header[k] = v
			}
			_, err := answering(t, tt.status, header, tt.body).Subscriptions(t.Context(), &credential{})
			p := sam.AsProblem(err)
			if p == nil {
				t.Fatalf("got %v", err)
			}
			if p.Class != tt.class || p.Reason != tt.reason || p.Code != tt.code || p.Status != tt.status {
				t.Errorf("got %s %q %s (HTTP %d)", p.Class, p.Reason, p.Code, p.Status)
			}
			if p.Tenant != tenant || p.RequestID != "req-1" || p.Plain == "" || p.Fix == "" {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// FuzzPages: whatever ARM says, the client ends with an answer or a Problem,
// and the token stays on the host.
func FuzzPages(f *testing.F) {
	f.Add(200, `{"value":[{"id":"/x/providers/Microsoft.ResourceHealth/a","properties":{"availabilityState":"Degraded","occuredTime":"2026-11-20T10:00:00Z"}}],"nextLink":"https://arm.example.test/x?2"}`)
	f.Add(200, `{"value":[{"id":"@evil.example/","properties":{"isEnabled":true}}],"nextLink":"//evil.example"}`)
	f.Add(200, `{"data":[{"id":"x","properties":{"targetResourceId":1}}],"$skipToken":"a"}`)
	f.Add(403, `{"Code":"AuthorizationFailed"}`)
	f.Add(409, `{"error":{"details":[{"code":null}]}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			t.Skip("no answer has this status")
		}
		n := 0
		hc := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.EqualFold(r.URL.Hostname(), "arm.example.test") || r.URL.Scheme != "https" {
				t.Fatalf("request to %s", r.URL)
			}
			answer := body
			if n++; n > 20 {
				answer = `{}`
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
		}), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		c := client(t, "https://arm.example.test", hc)
		ctx, cred := context.Background(), &credential{}
		_, err1 := c.Health(ctx, cred, []string{subA})
		_, err2 := c.FiredAlerts(ctx, cred, []string{subA})
		_, err3 := c.ClassicAlerts(ctx, cred, subA)
		_, err4 := c.Subscriptions(ctx, cred)
		for _, err := range []error{err1, err2, err3, err4} {
			if err == nil {
				continue
			}
			if p := sam.AsProblem(err); p == nil || p.Class == "" || p.Plain == "" {
				t.Fatalf("got %v", err)
			}
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
