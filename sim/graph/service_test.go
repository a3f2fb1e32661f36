package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/bearer"
	"github.com/samkeeper/samkeeper/sim/graph"
	"github.com/samkeeper/samkeeper/sim/shape"
	"github.com/samkeeper/samkeeper/sim/world"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// reader is a Verifier whose tokens are tenant ids, "app" or faults.
type reader struct{}

func (reader) Verify(r *http.Request, _ ...string) (bearer.Claims, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	c := bearer.Claims{Tenant: token, Object: world.IntegrationUserID, App: world.AppID, UPN: world.IntegrationUPN, Delegated: true, Scopes: []string{"Organization.Read.All", "User.Read"}}
	if home, at := strings.CutPrefix(token, "home:"); at {
		c.Tenant, c.Object = home, world.DerivedID(home, "admin")
	}
	switch {
	case !ok:
		return c, &bearer.Error{Fault: bearer.Missing}
	case token == "expired":
		return c, &bearer.Error{Fault: bearer.Expired}
	case token == "elsewhere":
		return c, &bearer.Error{Fault: bearer.Audience}
	case token == "forged":
		return c, &bearer.Error{Fault: bearer.Malformed, Detail: "no dots"}
	case strings.HasPrefix(token, "narrow:"):
		c.Tenant, c.Scopes = strings.TrimPrefix(token, "narrow:"), []string{"User.Read"}
	case token == "app":
		c.Tenant, c.Delegated = world.PartnerTenantID, false
	}
	return c, nil
}

type bench struct {
	world  *world.World
	server *httptest.Server
}

func set(t *testing.T, shares world.Shares, customers int) bench {
	t.Helper()
	w := world.New(world.Config{Seed: 1, Customers: customers, Shares: shares, Start: start})
	server := httptest.NewTLSServer(graph.New(w, reader{}))
	t.Cleanup(server.Close)
	return bench{w, server}
}

func (b bench) first() string { return b.world.Customers()[0].TenantID }

type answer struct {
	status int
	header http.Header
	body   []byte
}

type list struct {
	Context string           `json:"@odata.context"`
	Value   []map[string]any `json:"value"`
	Next    string           `json:"@odata.nextLink"`
}

func (a answer) list(t *testing.T) list {
	t.Helper()
	var l list
	if err := json.Unmarshal(a.body, &l); err != nil || a.status != http.StatusOK {
		t.Fatalf("HTTP %d, %v: %s", a.status, err, a.body)
	}
	return l
}

func (b bench) get(t *testing.T, address, token string, headers ...string) answer {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.server.URL + address
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
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

const relationships = "/v1.0/tenantRelationships/delegatedAdminRelationships"

func filtered(path, filter string) string { return path + "?$filter=" + url.QueryEscape(filter) }

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change      func(*world.Customer)
		path, token string
		status      int
		code        string
	}{
		"no token":           {nil, "/v1.0/organization", "", 401, "InvalidAuthenticationToken"},
		"expired":            {nil, "/v1.0/organization", "expired", 401, "InvalidAuthenticationToken"},
		"other audience":     {nil, "/v1.0/organization", "elsewhere", 401, "InvalidAuthenticationToken"},
		"forged":             {nil, "/v1.0/organization", "forged", 401, "InvalidAuthenticationToken"},
		"app-only":           {nil, relationships, "app", 403, "Authorization_RequestDenied"},
		"fine":               {nil, "/v1.0/organization", "{first}", 200, ""},
		"no relationship":    {func(c *world.Customer) { c.GDAP = false }, "/v1.0/organization", "{first}", 403, "Authorization_RequestDenied"},
		"own administrator":  {func(c *world.Customer) { c.GDAP = false }, "/v1.0/organization", "home:{first}", 200, ""},
		"roles too small":    {func(c *world.Customer) { c.GraphRefuses = true }, "/v1.0/subscribedSkus", "{first}", 403, "Authorization_RequestDenied"},
		"permission missing": {nil, "/v1.0/organization", "narrow:{first}", 403, "Authorization_RequestDenied"},
		"no licences either": {nil, "/v1.0/subscribedSkus", "narrow:{first}", 403, "Authorization_RequestDenied"},
		"no principal":       {func(c *world.Customer) { c.Consented = false }, "/v1.0/organization", "{first}", 403, "Authorization_IdentityNotFound"},
		"gone":               {func(c *world.Customer) { c.Gone = true }, "/v1.0/organization", "{first}", 404, "Request_ResourceNotFound"},
		"unknown tenant":     {nil, "/v1.0/organization", "99999999-9999-4999-8999-999999999999", 404, "Request_ResourceNotFound"},
		"partner's business": {nil, relationships, "{first}", 403, "Authorization_RequestDenied"},
		"one of them":        {nil, relationships + "/x", "{first}", 403, "Authorization_RequestDenied"},
		"no such one":        {nil, relationships + "/x", world.PartnerTenantID, 404, "Request_ResourceNotFound"},
		"filter by end":      {nil, filtered(relationships, "endDateTime lt '2027'"), world.PartnerTenantID, 400, "Request_UnsupportedQuery"},
		"licences by filter": {nil, filtered("/v1.0/subscribedSkus", "skuId eq 'x'"), "{first}", 400, "Request_UnsupportedQuery"},
		"users by filter":    {nil, filtered("/v1.0/users", "mail eq 'x'"), "{first}", 400, "Request_UnsupportedQuery"},
		"top of nothing":     {nil, "/v1.0/users?$top=0", "{first}", 400, "BadRequest"},
		"top too large":      {nil, "/v1.0/users?$top=1000", "{first}", 400, "BadRequest"},
		"unknown option":     {nil, "/v1.0/users?$expand=manager", "{first}", 400, "BadRequest"},
		"token made up":      {nil, "/v1.0/users?$skiptoken=x", "{first}", 400, "Directory_ExpiredPageToken"},
		"unknown segment":    {nil, "/v1.0/planets", "{first}", 400, "BadRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := set(t, world.Shares{}, 2)
			if row.change != nil {
				b.world.Mutate(b.first(), row.change)
			}
			got := b.get(t, row.path, strings.ReplaceAll(row.token, "{first}", b.first()), "client-request-id", "mine")
			var f struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(got.body, &f); err != nil {
				t.Fatal(err)
			}
			if got.status != row.status || f.Error.Code != row.code || (row.status != 200) != (f.Error.Message != "") {
				t.Errorf("HTTP %d %q, want %d %q: %s", got.status, f.Error.Code, row.status, row.code, got.body)
			}
			if (row.status == 401) != strings.HasPrefix(got.header.Get("WWW-Authenticate"), `Bearer realm="", authorization_uri="https://login.microsoftonline.com/`) {
				t.Errorf("challenge %q", got.header.Get("WWW-Authenticate"))
			}
			if got.header.Get("request-id") == "" || got.header.Get("client-request-id") != "mine" {
				t.Errorf("ids %v", got.header)
			}
		})
	}
}

func TestInnerErrorHasTwoSpellings(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	spelt := map[bool]int{}
	for range 4 {
		got := b.get(t, "/v1.0/organization", "")
		spelt[strings.Contains(string(got.body), `"innerError":{"date":"2026-11-21T12:00:0`)]++
		if !strings.Contains(strings.ToLower(string(got.body)), `"innererror":{`) {
			t.Errorf("body %s", got.body)
		}
	}
	if spelt[true] != 2 || spelt[false] != 2 {
		t.Errorf("spellings %v", spelt)
	}
}

func TestAgreesWithPublished(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		file, path string
		partner    bool
		known      []string
	}{
		"organization": {"organization_list_v1.0.json", "/v1.0/organization", false, nil},
		"licences": {"subscribedskus_list_v1.0.json", "/v1.0/subscribedSkus", false, []string{
			// in the schema, not in the example
			"value[].accountId: unknown", "value[].accountName: unknown", "value[].prepaidUnits.lockedOut: unknown", "value[].subscriptionIds: unknown",
		}},
		"users":         {"users_list_v1.0.json", "/v1.0/users", false, nil},
		"relationships": {"delegatedadminrelationships_list_v1.0.json", relationships, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := shape.Of(shape.Published(t, "graph/"+row.file))
			b := set(t, world.Shares{}, 20)
			token := b.first()
			if row.partner {
				token = world.PartnerTenantID
			}
			shape.Agree(t, form, shape.Decode(t, b.get(t, row.path, token).body), row.known...)
		})
	}
}

func TestWhoseDataIsSeen(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{LicenceTrouble: 1}, 5)
	for _, c := range b.world.Customers() {
		org := b.get(t, "/v1.0/organization", c.TenantID).list(t)
		if len(org.Value) != 1 || org.Value[0]["id"] != c.TenantID || org.Value[0]["displayName"] != c.Name {
			t.Errorf("%s sees organization %v", c.Name, org.Value)
		}
		skus := b.get(t, "/v1.0/subscribedSkus", c.TenantID).list(t)
		for i, k := range c.SKUs {
			prepaid, _ := skus.Value[i]["prepaidUnits"].(map[string]any)
			if skus.Value[i]["skuId"] != k.SkuID || skus.Value[i]["capabilityStatus"] != k.CapabilityStatus ||
				skus.Value[i]["consumedUnits"] != float64(k.Consumed) || prepaid["enabled"] != float64(k.Enabled) {
				t.Errorf("%s: licence %v, want %+v", c.Name, skus.Value[i], k)
			}
		}
	}
	if org := b.get(t, "/v1.0/organization", world.PartnerTenantID).list(t); org.Value[0]["id"] != world.PartnerTenantID {
		t.Errorf("the partner sees %v", org.Value)
	}
	if users := b.get(t, "/v1.0/users", world.PartnerTenantID).list(t); len(users.Value) != 5 {
		t.Errorf("the partner has %d users", len(users.Value))
	}
}

// walk follows next links and returns all rows.
func (b bench) walk(t *testing.T, path, token string) (rows []map[string]any, pages int) {
	t.Helper()
	for next := path; next != ""; pages++ {
		l := b.get(t, next, token).list(t)
		rows = append(rows, l.Value...)
		if next = l.Next; next != "" && (!strings.HasPrefix(next, b.server.URL+"/v1.0/") || !strings.Contains(next, "$skiptoken=")) {
			t.Fatalf("next link %s", next)
		}
	}
	return rows, pages
}

func TestRelationshipPaging(t *testing.T) {
	t.Parallel()
	b := set(t, world.DefaultShares(), 400)
	states, active := map[string]int{}, map[string]bool{}
	rows, pages := b.walk(t, relationships, world.PartnerTenantID)
	seen := map[any]bool{}
	for _, r := range rows {
		status, _ := r["status"].(string)
		states[status]++
		if seen[r["id"]] {
			t.Errorf("relationship %v comes twice", r["id"])
		}
		seen[r["id"]] = true
	}
	if pages != 2 {
		t.Errorf("%d relationships on %d pages", len(rows), pages)
	}
	for _, want := range []string{"active", "terminated", "expired", "approvalPending"} {
		if states[want] == 0 {
			t.Errorf("no relationship is %s: %v", want, states)
		}
	}
	for _, size := range []string{"", "&$top=7", "&$top=300"} {
		found, _ := b.walk(t, filtered(relationships, "status eq 'active'")+size, world.PartnerTenantID)
		clear(active)
		for _, r := range found {
			customer, _ := r["customer"].(map[string]any)
			tid, _ := customer["tenantId"].(string)
			active[tid] = r["status"] == "active"
		}
		for _, c := range b.world.Customers() {
			if active[c.TenantID] != c.GDAP {
				t.Errorf("top %q: %s has access %v, listed %v", size, c.Name, c.GDAP, active[c.TenantID])
			}
		}
		if len(found) != states["active"] {
			t.Errorf("top %q: %d active ones, want %d", size, len(found), states["active"])
		}
	}
}

func TestRelationshipOfOneCustomer(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 50)
	c := b.world.Customers()[17]
	rows, _ := b.walk(t, filtered(relationships, "status eq 'active' and customer/tenantId eq '"+c.TenantID+"'"), world.PartnerTenantID)
	if len(rows) != 1 || rows[0]["endDateTime"] != c.RelationshipEnds.Format("2006-01-02T15:04:05.0000000Z") || rows[0]["autoExtendDuration"] != "P180D" {
		t.Fatalf("relationships %v", rows)
	}
	id, _ := rows[0]["id"].(string)
	var one map[string]any
	if err := json.Unmarshal(b.get(t, relationships+"/"+id, world.PartnerTenantID).body, &one); err != nil || one["id"] != id {
		t.Errorf("by id: %v, %v", one, err)
	}
	b.world.Mutate(c.TenantID, func(m *world.Customer) { m.GDAP = false })
	rows, _ = b.walk(t, filtered(relationships, "status eq 'active' and customer/tenantId eq '"+c.TenantID+"'"), world.PartnerTenantID)
	if len(rows) != 0 {
		t.Errorf("after its end: %v", rows)
	}
	rows, _ = b.walk(t, filtered(relationships, "customer/tenantId eq 'nobody'"), world.PartnerTenantID)
	if len(rows) != 0 {
		t.Errorf("of nobody: %v", rows)
	}
}

func TestUsersAndContractsPage(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 9)
	c := b.world.Customers()[0]
	rows, pages := b.walk(t, "/v1.0/users?$top=2&$select=id,userPrincipalName", c.TenantID)
	if len(rows) != c.UserCount || pages != (c.UserCount+1)/2 || len(rows[0]) != 2 {
		t.Errorf("%d users on %d pages: %v", len(rows), pages, rows[0])
	}
	rows, pages = b.walk(t, "/v1.0/contracts?$top=4", world.PartnerTenantID)
	if len(rows) != 9 || pages != 3 {
		t.Errorf("%d contracts on %d pages", len(rows), pages)
	}
	rows, _ = b.walk(t, filtered("/v1.0/contracts", "customerId eq '"+c.TenantID+"'"), world.PartnerTenantID)
	if len(rows) != 1 || rows[0]["displayName"] != c.Name {
		t.Errorf("contract %v", rows)
	}
	if rows, _ = b.walk(t, "/v1.0/contracts", c.TenantID); len(rows) != 0 {
		t.Errorf("a customer sees contracts %v", rows)
	}
}

func TestConsentIsVisible(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	count := func() (principals, grants int) {
		found, _ := b.walk(t, filtered("/v1.0/servicePrincipals", "appId eq '"+world.AppID+"'"), b.first())
		if len(found) == 0 {
			return 0, 0
		}
		id, _ := found[0]["id"].(string)
		given, _ := b.walk(t, filtered("/v1.0/oauth2PermissionGrants", "clientId eq '"+id+"'"), b.first())
		return len(found), len(given)
	}
	if p, g := count(); p != 1 || g != 2 {
		t.Errorf("consented: %d principals, %d grants", p, g)
	}
	b.world.Mutate(b.first(), func(c *world.Customer) { c.Consented, c.PrincipalLeft = false, true })
	if p, g := count(); p != 1 || g != 0 {
		t.Errorf("withdrawn: %d principals, %d grants", p, g)
	}
	if all, _ := b.walk(t, "/v1.0/servicePrincipals", b.first()); len(all) != 4 {
		t.Errorf("%d principals in all", len(all))
	}
}
