package arm_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/world"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// reader is a Verifier whose tokens are "<tenant>" or "<tenant>#<token id>".
type reader struct{}

func (reader) Verify(r *http.Request, _ ...string) (bearer.Claims, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	tenant, id, _ := strings.Cut(token, "#")
	c := bearer.Claims{
		Tenant: tenant, ID: id, Object: world.IntegrationUserID, App: world.AppID, UPN: world.IntegrationUPN,
		Issuer: "https://sts.windows.net/" + tenant + "/", Audience: "https://graph.microsoft.com", Delegated: true,
	}
	switch {
	case !ok:
		return bearer.Claims{}, &bearer.Error{Fault: bearer.Missing}
	case tenant == "expired":
		return bearer.Claims{}, &bearer.Error{Fault: bearer.Expired}
	case tenant == "elsewhere":
		return bearer.Claims{}, &bearer.Error{Fault: bearer.Audience, Claims: c}
	case tenant == "forged":
		return bearer.Claims{}, &bearer.Error{Fault: bearer.Signature, Detail: "unknown key"}
	}
	return c, nil
}

// bench is a running service with a world of its own.
type bench struct {
	world   *world.World
	service *arm.Service
	server  *httptest.Server
}

func set(t *testing.T, shares world.Shares, customers int) bench {
	t.Helper()
	w := world.New(world.Config{Seed: 1, Customers: customers, Shares: shares, Start: start})
	s := arm.New(w, reader{})
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	return bench{w, s, server}
}

// troubled is a fleet where everyone is ill and alerting.
var troubled = world.Shares{Unhealthy: 1, Alerting: 1}

func (b bench) customer(at int) *world.Customer { return b.world.Customers()[at] }

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) code() string {
	var f struct{ Error struct{ Code string } }
	_ = json.Unmarshal(a.body, &f) // not an error body: no code
	return f.Error.Code
}

// rows of a list.
func (a answer) rows(t *testing.T) []map[string]any {
	t.Helper()
	var l struct{ Value []map[string]any }
	if err := json.Unmarshal(a.body, &l); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return l.Value
}

func (b bench) call(t *testing.T, method, url, token, body string) answer {
	t.Helper()
	if strings.HasPrefix(url, "/") {
		url = b.server.URL + url
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := b.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, text}
}

func (b bench) get(t *testing.T, path, token string) answer {
	t.Helper()
	return b.call(t, http.MethodGet, path, token, "")
}

const v = "?api-version=2022-12-01"

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 4)
	own, foreign, barred, left, gone := b.customer(0), b.customer(1), b.customer(2), b.customer(3), "00000000-0000-4000-8000-000000000000"
	b.world.Mutate(barred.TenantID, func(c *world.Customer) { c.RBAC = false })
	b.world.Mutate(left.TenantID, func(c *world.Customer) { c.GDAP = false })
	sub, other := own.Subscriptions[0].Path(), foreign.Subscriptions[0].Path()
	for name, row := range map[string]struct {
		method, path, token string
		status              int
		code, header        string
	}{
		"no token":                {"GET", sub + v, "", 401, "AuthenticationFailed", own.TenantID},
		"forged token":            {"GET", sub + v, "forged", 401, "InvalidAuthenticationToken", own.TenantID},
		"expired token":           {"GET", "/subscriptions" + v, "expired", 401, "ExpiredAuthenticationToken", "common"},
		"other audience":          {"GET", "/subscriptions" + v, "elsewhere", 401, "InvalidAuthenticationToken", "common"},
		"no version":              {"GET", "/subscriptions", own.TenantID, 400, "MissingApiVersionParameter", ""},
		"odd version":             {"GET", "/subscriptions?api-version=latest", own.TenantID, 400, "InvalidApiVersionParameter", ""},
		"preview version":         {"GET", "/subscriptions?api-version=2025-05-25-preview", own.TenantID, 200, "", ""},
		"another tenant's":        {"GET", other + "/resources" + v, own.TenantID, 401, "InvalidAuthenticationTokenTenant", foreign.TenantID},
		"partner token":           {"GET", sub + v, world.PartnerTenantID, 401, "InvalidAuthenticationTokenTenant", own.TenantID},
		"no role":                 {"GET", barred.Subscriptions[0].Path() + "/resources" + v, barred.TenantID, 403, "AuthorizationFailed", ""},
		"no relationship":         {"GET", left.Subscriptions[0].Path() + v, left.TenantID, 403, "AuthorizationFailed", ""},
		"no role, list":           {"GET", "/subscriptions" + v, barred.TenantID, 200, "", ""},
		"partner's list":          {"GET", "/subscriptions" + v, world.PartnerTenantID, 200, "", ""},
		"unknown subscription":    {"GET", "/subscriptions/" + gone + v, own.TenantID, 404, "SubscriptionNotFound", ""},
		"unknown group":           {"GET", sub + "/resourceGroups/nowhere/resources" + v, own.TenantID, 404, "ResourceGroupNotFound", ""},
		"unknown provider":        {"GET", sub + "/providers/Microsoft.Nothing/things" + v, own.TenantID, 404, "InvalidResourceType", ""},
		"unknown path":            {"GET", "/planets" + v, own.TenantID, 404, "NotFound", ""},
		"unknown alert":           {"GET", sub + "/providers/Microsoft.AlertsManagement/alerts/" + gone + v, own.TenantID, 404, "NotFound", ""},
		"write":                   {"PUT", sub + "/resourceGroups/rg-prod" + v, own.TenantID, 405, "HttpMethodNotAllowed", ""},
		"query by GET":            {"GET", "/providers/Microsoft.ResourceGraph/resources" + v, own.TenantID, 405, "HttpMethodNotAllowed", ""},
		"skip token made up":      {"GET", "/subscriptions" + v + "&$skiptoken=x", own.TenantID, 400, "InvalidSkipToken", ""},
		"top of nothing":          {"GET", sub + "/resources" + v + "&$top=0", own.TenantID, 400, "InvalidTopParameter", ""},
		"resource filter":         {"GET", sub + "/resources" + v + "&$filter=name%20eq%20'x'", own.TenantID, 400, "InvalidFilterInQueryString", ""},
		"health filter":           {"GET", sub + "/providers/Microsoft.ResourceHealth/availabilityStatuses" + v + "&$filter=x", own.TenantID, 400, "InvalidFilter", ""},
		"time range":              {"GET", sub + "/providers/Microsoft.AlertsManagement/alerts" + v + "&timeRange=2d", own.TenantID, 400, "BadRequest", ""},
		"alert state":             {"GET", sub + "/providers/Microsoft.AlertsManagement/alerts" + v + "&alertState=Old", own.TenantID, 400, "BadRequest", ""},
		"page count":              {"GET", sub + "/providers/Microsoft.AlertsManagement/alerts" + v + "&pageCount=251", own.TenantID, 400, "BadRequest", ""},
		"unknown classic rule":    {"GET", sub + "/resourceGroups/" + own.Subscriptions[0].Groups[0].Name + "/providers/microsoft.insights/alertrules/x/incidents" + v, own.TenantID, 404, "ResourceNotFound", ""},
		"paths match in any case": {"GET", strings.ToUpper(sub) + "/RESOURCEGROUPS" + v, own.TenantID, 200, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.call(t, row.method, row.path, row.token, "")
			if got.status != row.status || got.code() != row.code {
				t.Errorf("HTTP %d %s, want %d %s: %s", got.status, got.code(), row.status, row.code, got.body)
			}
			if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, row.header) || (row.header == "") != (challenge == "") {
				t.Errorf("challenge %q, want one naming %q", challenge, row.header)
			}
			for _, h := range []string{"x-ms-request-id", "x-ms-correlation-request-id", "x-ms-routing-request-id"} {
				if got.header.Get(h) == "" {
					t.Errorf("header %s is missing", h)
				}
			}
		})
	}
}

func TestWithoutRolesListsAreEmpty(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{NoRBAC: 1}, 1)
	if got := b.get(t, "/subscriptions"+v, b.customer(0).TenantID); string(got.body) != `{"value":[]}` {
		t.Errorf("HTTP %d %s", got.status, got.body)
	}
}

func TestPagingOfSubscriptions(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	b.world.Mutate(b.customer(0).TenantID, func(c *world.Customer) {
		first := *c.Subscriptions[0]
		for _, id := range []string{"a", "b", "c", "d"} {
			next := first
			next.ID = id
			c.Subscriptions = append(c.Subscriptions, &next)
		}
	})
	b.service.Set(func(d *arm.Dials) { d.PageSize = 2 })
	want := len(b.customer(0).Subscriptions)
	seen := map[any]bool{}
	url, pages := b.server.URL+"/subscriptions"+v, 0
	for url != "" {
		got := b.get(t, url, b.customer(0).TenantID)
		for _, row := range got.rows(t) {
			seen[row["subscriptionId"]] = true
		}
		var l struct{ NextLink string }
		if err := json.Unmarshal(got.body, &l); err != nil {
			t.Fatal(err)
		}
		url = l.NextLink
		pages++
	}
	if len(seen) != want || pages != (want+1)/2 {
		t.Errorf("%d subscriptions on %d pages, want %d", len(seen), pages, want)
	}
}

func TestReadsAreCountedDown(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	b.service.Set(func(d *arm.Dials) { d.ReadBucket, d.ReadsPerSecond = 3, 1 })
	c := b.customer(0)
	path := c.Subscriptions[0].Path() + "/resources" + v
	var left []string
	for range 3 {
		left = append(left, b.get(t, path, c.TenantID).header.Get("x-ms-ratelimit-remaining-subscription-reads"))
	}
	if strings.Join(left, " ") != "2 1 0" {
		t.Errorf("remaining %v", left)
	}
	got := b.get(t, path, c.TenantID)
	if got.status != 429 || got.header.Get("Retry-After") != "1" || got.code() != "SubscriptionRequestsThrottled" {
		t.Errorf("HTTP %d %v %s", got.status, got.header, got.body)
	}
	if got := b.get(t, "/subscriptions"+v, c.TenantID); got.status != 200 || got.header.Get("x-ms-ratelimit-remaining-tenant-reads") != "2" {
		t.Errorf("tenant scope: HTTP %d %v", got.status, got.header)
	}
	b.world.Advance(2 * time.Second)
	if got := b.get(t, path, c.TenantID); got.status != 200 {
		t.Errorf("after two seconds: HTTP %d", got.status)
	}
}

func TestClaimsChallenge(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 2)
	b.service.Set(func(d *arm.Dials) { d.Challenge = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}` })
	tid := b.customer(0).TenantID
	for _, row := range []struct {
		token  string
		status int
	}{
		{tid + "#old", 401}, {tid + "#old", 401}, {tid + "#new", 200}, {tid + "#old", 401}, {b.customer(1).TenantID + "#old", 401},
	} {
		got := b.get(t, "/subscriptions"+v, row.token)
		challenge := got.header.Get("WWW-Authenticate")
		if got.status != row.status || (row.status == 401) != strings.Contains(challenge, `error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4i`) {
			t.Errorf("%s: HTTP %d, %s", row.token, got.status, challenge)
		}
	}
}
