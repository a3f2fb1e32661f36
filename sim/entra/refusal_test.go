package entra_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// customer finds a customer whose tenant id ends in an even digit: its
// missing service principal shows as 700016, the others' as 7000229.
func (c *cloud) customer(even bool) string {
	for _, customer := range c.World.Customers() {
		last := customer.TenantID[len(customer.TenantID)-1]
		if strings.ContainsRune("02468ace", rune(last)) == even {
			return customer.TenantID
		}
	}
	return ""
}

func TestEveryRefusalOfARefreshToken(t *testing.T) {
	t.Parallel()
	type refusal struct {
		name    string
		tenant  string            // empty: the first customer
		arrange func(c *cloud)    // on a fresh simulator
		change  []string          // of the form
		code    int               //
		oauth   string            //
		status  int               // 0: 400
		more    map[string]string // further members
	}
	mutate := func(change func(*world.Customer)) func(c *cloud) {
		return func(c *cloud) {
			for _, customer := range c.World.Customers() {
				c.World.Mutate(customer.TenantID, change)
			}
		}
	}
	policy := func(change func(*world.SignInPolicy)) func(c *cloud) {
		return func(c *cloud) {
			for _, customer := range c.World.Customers() {
				c.World.SetPolicy(customer.TenantID, change)
			}
		}
	}
	user := func(change func(*world.User)) func(c *cloud) {
		return func(c *cloud) { c.World.ChangeUser(world.IntegrationUserID, change) }
	}
	partner := world.PartnerTenantID
	rows := []refusal{
		{name: "consent withdrawn", arrange: mutate(func(c *world.Customer) { c.Consented, c.PrincipalLeft = false, true }), code: 65001, oauth: "invalid_grant", more: map[string]string{"suberror": "consent_required"}},
		{name: "no service principal, even", tenant: "even", arrange: mutate(func(c *world.Customer) { c.Consented, c.PrincipalLeft = false, false }), code: 700016, oauth: "unauthorized_client"},
		{name: "no service principal, odd", tenant: "odd", arrange: mutate(func(c *world.Customer) { c.Consented, c.PrincipalLeft = false, false }), code: 7000229, oauth: "invalid_client", status: 401},
		{name: "no GDAP", arrange: mutate(func(c *world.Customer) { c.GDAP = false }), code: 50020, oauth: "invalid_grant"},
		{name: "guest in customers", arrange: user(func(u *world.User) { u.Guest = true }), code: 50020, oauth: "invalid_grant"},
		{name: "blocked by policy", arrange: mutate(func(c *world.Customer) { c.Blocked = true }), code: 53003, oauth: "invalid_grant"},
		{name: "not preconsented", arrange: policy(func(p *world.SignInPolicy) { p.NotPreconsented = true }), code: 90099, oauth: "invalid_grant"},
		{name: "stale MFA", arrange: func(c *cloud) {
			policy(func(p *world.SignInPolicy) { p.RequireFreshMFA = true })(c)
			c.World.Advance(time.Hour)
		}, code: 50076, oauth: "invalid_grant", more: map[string]string{"suberror": "basic_action", "claims": "*"}},
		{name: "tenant deleted", arrange: mutate(func(c *world.Customer) { c.Gone = true }), code: 90002, oauth: "invalid_request"},
		{name: "tenant unknown", tenant: "99999999-9999-4999-8999-999999999999", code: 90002, oauth: "invalid_request"},
		{name: "tenant malformed", tenant: "nonsense", code: 900023, oauth: "invalid_request"},
		{name: "resource not in tenant", arrange: policy(func(p *world.SignInPolicy) { p.MissingResources = []string{"https://graph.microsoft.com"} }), code: 500011, oauth: "invalid_resource"},
		{name: "resource unknown", change: []string{"scope", "https://nowhere.example/.default"}, code: 500011, oauth: "invalid_resource"},
		{name: "scope invalid", change: []string{"scope", "https://foo.microsoft.com/mail.read"}, code: 70011, oauth: "invalid_scope"},
		{name: "default and more", change: []string{"scope", graph + " https://graph.microsoft.com/User.Read"}, code: 70011, oauth: "invalid_scope"},
		{name: "two resources", change: []string{"scope", graph + " https://management.azure.com/.default"}, code: 700022, oauth: "invalid_request"},
		{name: "inactive", tenant: partner, arrange: func(c *cloud) { c.World.Advance(world.RefreshLife) }, code: 700082, oauth: "invalid_grant"},
		{name: "revoked", tenant: partner, arrange: func(c *cloud) { c.World.RevokeGrants(world.IntegrationUserID) }, code: 50173, oauth: "invalid_grant"},
		{name: "user disabled", tenant: partner, arrange: user(func(u *world.User) { u.Disabled = true }), code: 50057, oauth: "invalid_grant"},
		{name: "malformed", tenant: partner, change: []string{"refresh_token", "nonsense"}, code: 70000, oauth: "invalid_grant"},
		{name: "missing token", tenant: partner, change: []string{"refresh_token", ""}, code: 900144, oauth: "invalid_request"},
		{name: "missing grant type", tenant: partner, change: []string{"grant_type", ""}, code: 900144, oauth: "invalid_request"},
		{name: "missing client", tenant: partner, change: []string{"client_id", ""}, code: 900144, oauth: "invalid_request"},
		{name: "unknown grant type", tenant: partner, change: []string{"grant_type", "password"}, code: 70003, oauth: "unsupported_grant_type"},
		{name: "client not a GUID", tenant: partner, change: []string{"client_id", "me"}, code: 700038, oauth: "unauthorized_client"},
		{name: "client unknown", tenant: partner, change: []string{"client_id", "99999999-9999-4999-8999-999999999999"}, code: 700016, oauth: "unauthorized_client"},
		{name: "app disabled", tenant: partner, arrange: func(c *cloud) { c.World.Change(func(p *world.Partner) { p.App.Disabled = true }) }, code: 7000112, oauth: "unauthorized_client"},
		{name: "wrong secret", tenant: partner, change: []string{"client_secret", "wrong"}, code: 7000215, oauth: "invalid_client", status: 401},
		{name: "no credential", tenant: partner, change: []string{"client_secret", ""}, code: 7000218, oauth: "invalid_client", status: 401},
		{name: "expired secret", tenant: partner, arrange: func(c *cloud) {
			c.World.Change(func(p *world.Partner) { p.App.Secrets[0].Expires = time.Unix(0, 0) })
		}, code: 7000222, oauth: "invalid_client", status: 401},
	}
	shape := regexp.MustCompile(`^AADSTS\d+: .* Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$`)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, 12)
			token := c.MintRefreshToken(t, simtest.Mint{})
			if row.arrange != nil {
				row.arrange(c)
			}
			tenant := row.tenant
			switch tenant {
			case "", "even":
				tenant = c.customer(true)
			case "odd":
				tenant = c.customer(false)
			}
			r := c.post(t, v2(tenant), values(c.redeeming(token), row.change...))
			status := row.status
			if status == 0 {
				status = http.StatusBadRequest
			}
			if r.code() != row.code || r.string("error") != row.oauth || r.status != status {
				t.Fatalf("%d %s %d, want %d %s %d: %s", r.status, r.string("error"), r.code(), status, row.oauth, row.code, r.text)
			}
			if !shape.MatchString(r.string("error_description")) || r.string("error_uri") != fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", row.code) || r.string("trace_id") != r.header.Get("x-ms-request-id") {
				t.Errorf("body = %s", r.text)
			}
			for name, want := range row.more {
				if got := r.string(name); got == "" || want != "*" && got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestRefusalsOfACode(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	customer := c.World.Customers()[0].TenantID
	for name, row := range map[string]struct {
		tenant string
		change []string
		code   int
	}{
		"other tenant":      {tenant: customer, code: 700005},
		"wrong verifier":    {change: []string{"code_verifier", strings.Repeat("x", 43)}, code: 501481},
		"no verifier":       {change: []string{"code_verifier", ""}, code: 501481},
		"other redirect":    {change: []string{"redirect_uri", "http://localhost:7072/api/consent/callback"}, code: 50011},
		"unknown code":      {change: []string{"code", "1.unknown"}, code: 9002313},
		"no code":           {change: []string{"code", ""}, code: 900144},
		"two resources":     {change: []string{"scope", graph + " https://management.azure.com/.default"}, code: 700022},
		"unknown resource":  {change: []string{"scope", "https://nowhere.example/.default"}, code: 500011},
		"wrong secret also": {change: []string{"client_secret", "x"}, code: 7000215},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := row.tenant
			if tenant == "" {
				tenant = world.PartnerTenantID
			}
			r := c.post(t, v2(tenant), values(c.exchanging(c.signIn(t)), row.change...))
			if r.code() != row.code {
				t.Errorf("code %d, want %d: %s", r.code(), row.code, r.text)
			}
		})
	}
}

func TestCodeIsSpentOnceAndDies(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	form := c.exchanging(c.signIn(t))
	if r := c.post(t, v2("organizations"), form); r.status != http.StatusOK {
		t.Fatalf("first: %s", r.text)
	}
	if r := c.post(t, v2(world.PartnerTenantID), form); r.code() != 54005 {
		t.Errorf("second: %s", r.text)
	}
	late := c.exchanging(c.signIn(t))
	c.World.Advance(10 * time.Minute)
	if r := c.post(t, v2(world.PartnerTenantID), late); r.code() != 70008 {
		t.Errorf("late: %s", r.text)
	}
}

func TestAuthorizeRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	onPage := func(code string) string { return "page AADSTS" + code }
	for name, row := range map[string]struct {
		tenant string
		change []string
		want   string // "page AADSTS…" or "<error> AADSTS…" at the callback
	}{
		"redirect not registered": {change: []string{"redirect_uri", "http://localhost:7071/other"}, want: onPage("50011")},
		"redirect other host":     {change: []string{"redirect_uri", "http://evil.example/api/consent/callback"}, want: onPage("50011")},
		"redirect with userinfo":  {change: []string{"redirect_uri", "http://a@localhost/api/consent/callback"}, want: onPage("50011")},
		"redirect missing":        {change: []string{"redirect_uri", ""}, want: onPage("50011")},
		"client missing":          {change: []string{"client_id", ""}, want: onPage("900144")},
		"client unknown":          {change: []string{"client_id", "99999999-9999-4999-8999-999999999999"}, want: onPage("700016")},
		"tenant unknown":          {tenant: "99999999-9999-4999-8999-999999999999", want: onPage("90002")},
		"token flow":              {change: []string{"response_type", "token"}, want: "unsupported_response_type AADSTS70005"},
		"no response type":        {change: []string{"response_type", ""}, want: "invalid_request AADSTS900144"},
		"hybrid by query":         {change: []string{"response_type", "code id_token", "response_mode", "query"}, want: "invalid_request AADSTS70007"},
		"hybrid without nonce":    {change: []string{"response_type", "id_token code", "nonce", ""}, want: "invalid_request AADSTS900144"},
		"unknown mode":            {change: []string{"response_mode", "pigeon"}, want: "invalid_request AADSTS900144"},
		"no scope":                {change: []string{"scope", ""}, want: "invalid_request AADSTS900144"},
		"unknown resource":        {change: []string{"scope", "https://nowhere.example/.default"}, want: "invalid_resource AADSTS500011"},
		"challenge too short":     {change: []string{"code_challenge", "short"}, want: "invalid_request AADSTS501491"},
		"challenge method":        {change: []string{"code_challenge_method", "S512"}, want: "invalid_request AADSTS501481"},
		"silent":                  {change: []string{"prompt", "none"}, want: "login_required AADSTS50058"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := row.tenant
			if tenant == "" {
				tenant = world.PartnerTenantID
			}
			callback, err := c.Walk(t.Context(), c.authorizeURL(tenant, values(asking(), row.change...)), simtest.Person{})
			got := ""
			if err != nil {
				got = "page " + err.Error()
				if !strings.Contains(got, strings.TrimPrefix(row.want, "page ")+":") || !strings.HasPrefix(row.want, "page") {
					t.Errorf("%s, want %s", got, row.want)
				}
				return
			}
			got = callback.Form.Get("error") + " " + callback.Form.Get("error_description")
			if !strings.HasPrefix(got, row.want+":") || callback.Form.Get("state") != "the-state" {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestHybridMustBeEnabled(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	c.World.Change(func(p *world.Partner) { p.App.IDTokens = false })
	callback := c.SignIn(t, c.authorizeURL(world.PartnerTenantID, values(asking(), "response_type", "code id_token")), simtest.Person{})
	if got := callback.Form.Get("error_description"); !strings.HasPrefix(got, "AADSTS700054") {
		t.Errorf("description = %q", got)
	}
}

func TestPeopleAtThePages(t *testing.T) {
	t.Parallel()
	const noFactor = "33333333-3333-4333-8333-333333333302"
	for name, row := range map[string]struct {
		person  simtest.Person
		require bool
		want    string // error at the callback, or on a page; empty: a code
	}{
		"cancel":                 {person: simtest.Person{Cancel: true}, want: "access_denied AADSTS65004"},
		"disabled":               {person: simtest.Person{User: "33333333-3333-4333-8333-333333333304"}, want: "AADSTS50057"},
		"unknown account":        {person: simtest.Person{User: "99999999-9999-4999-8999-999999999999"}, want: "without a button"},
		"no factor":              {person: simtest.Person{User: noFactor}},
		"no factor, MFA demand":  {person: simtest.Person{User: noFactor}, require: true, want: "interaction_required AADSTS50076"},
		"skips MFA":              {person: simtest.Person{SkipMFA: true}},
		"skips MFA, MFA demand":  {person: simtest.Person{SkipMFA: true}, require: true, want: "interaction_required AADSTS50076"},
		"approves on MFA demand": {require: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, 0)
			c.World.SetPolicy(world.PartnerTenantID, func(p *world.SignInPolicy) { p.RequireMFA = row.require })
			callback, err := c.Walk(t.Context(), c.authorizeURL(world.PartnerTenantID, asking()), row.person)
			got := callback.Form.Get("error") + " " + callback.Form.Get("error_description")
			if err != nil {
				got = err.Error()
			}
			if row.want == "" && callback.Form.Get("code") == "" || !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestClientCredentialsNeedATenant(t *testing.T) {
	t.Parallel()
	c := start(t, 0)
	form := url.Values{"client_id": {world.AppID}, "client_secret": {c.World.AppSecret()}, "grant_type": {"client_credentials"}, "scope": {graph}}
	if r := c.post(t, v2("common"), form); r.code() != 9001023 {
		t.Errorf("common: %s", r.text)
	}
	if r := c.post(t, v2(world.PartnerTenantID), values(form, "scope", "")); r.code() != 900144 {
		t.Errorf("no scope: %s", r.text)
	}
	r := c.post(t, v2(world.PartnerTenantID), form)
	if _, there := r.raw["scope"]; r.status != http.StatusOK || there || len(r.raw) != 4 {
		t.Errorf("an app-only answer has four members: %s", r.text)
	}
}
