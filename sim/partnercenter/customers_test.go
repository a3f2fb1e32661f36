package partnercenter_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/shape"
	"github.com/samkeeper/samkeeper/sim/world"
)

// page is what a client reads of a page.
type page struct {
	TotalCount int
	Items      []struct{ ID string }
	Links      struct {
		Next *struct {
			URI     string
			Method  string
			Headers []struct{ Key, Value string }
		}
	}
}

func (b bench) page(t *testing.T, path string, headers ...string) page {
	t.Helper()
	got := b.call(t, "GET", path, "keeper", "", headers...)
	if got.status != 200 {
		t.Fatalf("%s: HTTP %d %s", path, got.status, got.body)
	}
	var p page
	if err := json.Unmarshal(got.body, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// normal puts the version before a link that lacks it.
func normal(uri string) string {
	if strings.HasPrefix(uri, "/v1/") {
		return uri
	}
	return "/v1" + uri
}

func TestPaging(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		query string
		pages int
	}{
		"size left out": {"", 3},
		"size of 25":    {"?size=25", 4},
		"one page":      {"?size=500", 1},
		"exact fit":     {"?size=50", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := set(t, 100)
			p := b.page(t, "/v1/customers"+row.query)
			seen, pages, versions := []string{}, 1, map[bool]bool{}
			for {
				for _, i := range p.Items {
					seen = append(seen, i.ID)
				}
				if p.Links.Next == nil {
					break
				}
				n := p.Links.Next
				versions[strings.HasPrefix(n.URI, "/v1/")] = true
				p = b.page(t, normal(n.URI), n.Headers[0].Key, n.Headers[0].Value)
				pages++
			}
			if pages != row.pages || len(seen) != 100 || pages > 2 && len(versions) != 2 {
				t.Errorf("%d pages with %d customers, want %d with 100; versions in links: %v", pages, len(seen), row.pages, versions)
			}
			for i, c := range b.world.Customers() {
				if seen[i] != c.TenantID {
					t.Fatalf("place %d: %s, want %s", i, seen[i], c.TenantID)
				}
			}
		})
	}
}

func TestContinuationTokens(t *testing.T) {
	t.Parallel()
	b := set(t, 100)
	n := b.page(t, "/v1/customers?size=40").Links.Next
	token := n.Headers[0].Value
	for name, bad := range map[string]string{
		"made up": "AQAAAA==", "not base64": "%%%", "tampered": "B" + token[1:], "cut": token[:8],
	} {
		if got := b.call(t, "GET", normal(n.URI), "keeper", "", "MS-ContinuationToken", bad); got.status != 400 || got.code() != 800002 {
			t.Errorf("%s: HTTP %d %s", name, got.status, got.body)
		}
	}
	b.world.Advance(2 * time.Hour)
	if got := b.call(t, "GET", normal(n.URI), "keeper", "", "MS-ContinuationToken", token); got.status != 400 {
		t.Errorf("expired token: HTTP %d", got.status)
	}
}

func TestCustomerFilter(t *testing.T) {
	t.Parallel()
	b := set(t, 60)
	want := b.world.Customers()[7]
	for field, value := range map[string]string{"CompanyName": want.Name, "Domain": want.Domain} {
		filter := fmt.Sprintf(`{"Field":%q,"Value":%q,"Operator":"starts_with"}`, field, strings.ToUpper(value))
		p := b.page(t, "/v1/customers?size=0&filter="+url.QueryEscape(filter))
		if len(p.Items) == 0 || p.Items[0].ID != want.TenantID && len(p.Items) == 1 {
			t.Errorf("by %s: %+v", field, p)
		}
	}
}

func TestAgreesWithPublished(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		file, path string
		known      []string
	}{
		"customers": {"customers_list.json", "/v1/customers?size=2", []string{
			// documented in prose and seen in the field, absent from the sample
			"items[].commerceId: unknown", "items[].companyProfile.links: unknown", "items[].links: unknown", "links.next: unknown",
		}},
		"customer": {"customer_by_id.json", "/v1/customers/{first}", []string{
			// addresses are cut down to the country, persons left out
			"billingProfile.defaultAddress.addressLine1: missing", "billingProfile.defaultAddress.city: missing",
			"billingProfile.defaultAddress.firstName: missing", "billingProfile.defaultAddress.lastName: missing",
			"billingProfile.defaultAddress.phoneNumber: missing", "billingProfile.defaultAddress.postalCode: missing",
			"billingProfile.defaultAddress.state: missing", "billingProfile.firstName: missing", "billingProfile.lastName: missing",
			"companyProfile.address.addressLine1: missing", "companyProfile.address.city: missing",
			"companyProfile.address.phoneNumber: missing", "companyProfile.address.postalCode: missing", "companyProfile.address.region: missing",
		}},
		"subscriptions": {"customer_subscriptions_list.json", "/v1/customers/{first}/subscriptions", []string{
			// newer members; the entitlement exists for legacy Azure offers only
			"items[].billingCycle: unknown", "items[].entitlementId: missing", "items[].isTrial: unknown",
			"items[].offerId: unknown", "items[].offerName: unknown", "items[].termDuration: unknown",
		}},
		"users": {"customer_users_list.json", "/v1/customers/{first}/users", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := shape.Of(shape.Published(t, "partnercenter/"+row.file))
			b := set(t, 5)
			b.world.Mutate(b.first(), func(c *world.Customer) {
				for i := range c.Offers {
					c.Offers[i].EntitlementID = ""
				}
			})
			got := b.call(t, "GET", strings.ReplaceAll(row.path, "{first}", b.first()), "keeper", "")
			shape.Agree(t, form, shape.Decode(t, got.body), row.known...)
		})
	}
}

func TestWithoutRelationshipFieldsAreOmitted(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	path := "/v1/customers/" + b.first()
	for _, gdap := range []bool{true, false} {
		b.world.Mutate(b.first(), func(c *world.Customer) { c.GDAP = gdap })
		for _, p := range []string{path, path + "/profiles/company"} {
			if got := b.call(t, "GET", p, "keeper", ""); strings.Contains(string(got.body), `"address"`) != gdap {
				t.Errorf("relationship %v: %s", gdap, got.body)
			}
		}
	}
}

func TestHoldings(t *testing.T) {
	t.Parallel()
	b := set(t, 40)
	for _, c := range b.world.Customers() {
		subs := b.call(t, "GET", "/v1/customers/"+c.TenantID+"/subscriptions", "keeper", "")
		if got, want := strings.Contains(string(subs.body), "Azure"), c.HasAzureOffer(); got != want {
			t.Errorf("%s: shows Azure %v, want %v", c.Name, got, want)
		}
		var skus struct{ TotalCount int }
		got := b.call(t, "GET", "/v1/customers/"+c.TenantID+"/subscribedskus", "keeper", "")
		if err := json.Unmarshal(got.body, &skus); err != nil || skus.TotalCount != len(c.SKUs) {
			t.Errorf("%s: %v, %s", c.Name, err, got.body)
		}
	}
}

const grant = `{"applicationId":"` + world.AppID + `","displayName":"samkeeper","applicationGrants":[{"enterpriseApplicationId":"00000003-0000-0000-c000-000000000000","scope":"Directory.Read.All, User.Read"}]}`

func TestConsentBodies(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change       func(*world.Customer)
		body         string
		status, code int
	}{
		"granted":           {nil, grant, 201, 0},
		"other casing":      {nil, strings.NewReplacer("applicationGrants", "ApplicationGrants", "enterpriseApplicationId", "EnterpriseApplicationId").Replace(grant), 201, 0},
		"two grants":        {nil, strings.Replace(grant, `]}`, `,{"enterpriseApplicationId":"797f4846-ba00-4fd7-ba43-dac1f8f63013","scope":"user_impersonation"}]}`, 1), 201, 0},
		"not JSON":          {nil, "<xml/>", 400, 800002},
		"other application": {nil, strings.Replace(grant, "2222", "3222", 1), 400, 3000},
		"no application":    {nil, `{"applicationGrants":[]}`, 400, 2000},
		"no grants":         {nil, `{"applicationId":"` + world.AppID + `"}`, 400, 2001},
		"unknown resource":  {nil, strings.Replace(grant, "00000003", "00000009", 1), 400, 3000},
		"scope is a GUID":   {nil, strings.Replace(grant, "User.Read", "7ab1d382-f21e-4acd-a863-ba3e13f7da61", 1), 400, 3000},
		"empty scope":       {nil, strings.Replace(grant, "Directory.Read.All, User.Read", "", 1), 400, 3000},
		"no relationship":   {func(c *world.Customer) { c.GDAP = false }, grant, 403, 2032},
		"no consent role":   {func(c *world.Customer) { c.ConsentRole = false }, grant, 403, 2032},
		"no reseller":       {func(c *world.Customer) { c.NoReseller = true }, grant, 403, 20002},
		"blocked":           {func(c *world.Customer) { c.Blocked = true }, grant, 403, 900309},
		"gone":              {func(c *world.Customer) { c.Gone = true }, grant, 404, 60003},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := set(t, 1)
			b.world.Mutate(b.first(), func(c *world.Customer) {
				c.Consented = false
				if row.change != nil {
					row.change(c)
				}
			})
			got := b.call(t, "POST", "/v1/customers/"+b.first()+"/applicationconsents", "keeper", row.body)
			if got.status != row.status || got.code() != row.code {
				t.Errorf("HTTP %d code %d, want %d %d: %s", got.status, got.code(), row.status, row.code, got.body)
			}
			if c := b.world.Customers()[0]; c.Consented != (row.status == 201) {
				t.Errorf("consented: %v", c.Consented)
			}
		})
	}
}

func TestConsentLife(t *testing.T) {
	t.Parallel()
	b := set(t, 1)
	b.world.Mutate(b.first(), func(c *world.Customer) { c.Consented = false })
	path := "/v1/customers/" + b.first() + "/applicationconsents"
	one := path + "/" + world.AppID
	step := func(method, path string, status int, consented, principal bool) {
		t.Helper()
		got := b.call(t, method, path, "keeper", grant)
		c := b.world.Customers()[0]
		if got.status != status || c.Consented != consented || c.PrincipalLeft != principal {
			t.Errorf("HTTP %d, consented %v, principal left %v: %s", got.status, c.Consented, c.PrincipalLeft, got.body)
		}
		if status == 409 && !strings.Contains(string(got.body), "Permission entry already exists.") {
			t.Errorf("conflict says %s", got.body)
		}
	}
	step("POST", path, 201, true, false)
	step("POST", path, 409, true, false)
	step("DELETE", one, 204, false, true)
	step("DELETE", one, 404, false, true)
	step("POST", path, 201, true, false)
	b.service.Set(func(d *partnercenter.Dials) { d.ExistsAsBadRequest = true })
	step("POST", path, 400, true, false)
}

func TestPublishedConsentIsUnderstood(t *testing.T) {
	t.Parallel()
	published := shape.Published(t, "partnercenter/applicationconsents_post_request.json")
	text, err := json.Marshal(published)
	if err != nil {
		t.Fatal(err)
	}
	b := set(t, 1)
	b.world.Mutate(b.first(), func(c *world.Customer) { c.Consented = false })
	body := strings.Replace(string(text), "57667d41-992a-49b0-99d8-ddf68328373f", world.AppID, 1)
	if got := b.call(t, "POST", "/v1/customers/"+b.first()+"/applicationconsents", "keeper", body); got.status != 201 {
		t.Errorf("HTTP %d %s", got.status, got.body)
	}
}
