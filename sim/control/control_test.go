package control_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// call talks to the control door and returns status and body.
func call(t *testing.T, cloud *simtest.Sim, method, path, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, cloud.ControlURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

// redeem redeems a refresh token at a tenant and returns the AADSTS number, 0
// for a success.
func redeem(t *testing.T, cloud *simtest.Sim, tenant, token string) int {
	t.Helper()
	res, err := cloud.HTTPClient().PostForm(cloud.LoginURL+"/"+tenant+"/oauth2/v2.0/token", url.Values{
		"client_id": {world.AppID}, "client_secret": {cloud.World.AppSecret()}, "grant_type": {"refresh_token"},
		"refresh_token": {token}, "scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body struct {
		Codes []int `json:"error_codes"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if len(body.Codes) == 0 {
		return 0
	}
	return body.Codes[0]
}

func TestWhatCanBeRead(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{Customers: 20, Seed: 3})
	_, info := call(t, cloud, http.MethodGet, "/sim/info", "")
	env, _ := info["env"].(map[string]any)
	for name, value := range cloud.Env() {
		if env[name] != value {
			t.Errorf("%s = %v, want %s", name, env[name], value)
		}
	}
	_, all := call(t, cloud, http.MethodGet, "/sim/expected", "")
	_, one := call(t, cloud, http.MethodGet, "/sim/expected?tasks=health&classic=true", "")
	if all["tasks"] != 120.0 || one["tasks"] != 20.0 {
		t.Errorf("tasks = %v and %v", all["tasks"], one["tasks"])
	}
	token := cloud.MintRefreshToken(t, simtest.Mint{})
	_, secrets := call(t, cloud, http.MethodGet, "/sim/secrets", "")
	raw, err := json.Marshal(secrets["values"])
	if err != nil || !strings.Contains(string(raw), token) || !strings.Contains(string(raw), cloud.World.AppSecret()) {
		t.Error("a secret is missing from the list")
	}
	_, vault := call(t, cloud, http.MethodGet, "/sim/vault", "")
	if v, _ := vault["secrets"].(map[string]any); v[world.AppSecretName] != 1.0 {
		t.Errorf("vault = %v", vault)
	}
	redeem(t, cloud, world.PartnerTenantID, token)
	_, requests := call(t, cloud, http.MethodGet, "/sim/requests", "")
	raw, err = json.Marshal(requests)
	if err != nil || !strings.Contains(string(raw), `"route":"/{id}/oauth2/v2.0/token"`) || strings.Contains(string(raw), token) {
		t.Errorf("requests = %.500s", raw)
	}
}

func TestDialsOfACustomer(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{Customers: 1, Shares: simtest.Healthy()})
	tid := cloud.World.Customers()[0].TenantID
	token := cloud.MintRefreshToken(t, simtest.Mint{})
	for _, row := range []struct {
		body, back string
		code       int
	}{
		{`{"consented":false,"principal_left":true}`, `{"consented":true}`, 65001},
		{`{"grants":{"https://management.azure.com":["user_impersonation"]}}`, `{"consented":true}`, 65001},
		{`{"gdap":false}`, `{"gdap":true}`, 50020},
		{`{"blocked":true}`, `{"blocked":false}`, 53003},
		{`{"gone":true}`, `{"gone":false}`, 90002},
		{`{"not_preconsented":true}`, `{"not_preconsented":false}`, 90099},
		{`{"missing_resources":["https://graph.microsoft.com"]}`, `{"missing_resources":[]}`, 500011},
	} {
		if status, answer := call(t, cloud, http.MethodPost, "/sim/customers/"+tid, row.body); status != http.StatusOK {
			t.Fatalf("%s: %v", row.body, answer)
		}
		if code := redeem(t, cloud, tid, token); code != row.code {
			t.Errorf("%s: code %d, want %d", row.body, code, row.code)
		}
		call(t, cloud, http.MethodPost, "/sim/customers/"+tid, row.back)
		if code := redeem(t, cloud, tid, token); code != 0 {
			t.Errorf("%s: code %d", row.back, code)
		}
	}
	call(t, cloud, http.MethodPost, "/sim/customers/"+tid, `{"rbac":false,"no_reseller":true}`)
	if c, _ := cloud.World.Customer(tid); c.RBAC || !c.NoReseller {
		t.Errorf("customer = %+v", c)
	}
}

func TestDialsOfThePartner(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{})
	partner := world.PartnerTenantID
	plain := cloud.MintRefreshToken(t, simtest.Mint{AMR: []string{"pwd"}})
	steps := []struct {
		path, body string
		code       int // of the next redemption
	}{
		{"/sim/tenants/" + partner + "/policy", `{"require_mfa":true}`, 50076},
		{"/sim/tenants/" + partner + "/policy", `{"require_mfa":false}`, 0},
		{"/sim/users/" + world.IntegrationUPN, `{"disabled":true}`, 50057},
		{"/sim/users/" + world.IntegrationUserID, `{"disabled":false}`, 0},
		{"/sim/app/secret", `{"retire":true}`, 0},
		{"/sim/keys/rotate", ``, 0},
		{"/sim/clock", `{"advance":"1h"}`, 0},
		{"/sim/faults", `{"host":"login","kind":"status","status":503,"format":"json","times":1}`, 90033},
		{"/sim/grants/revoke", `{"tenant":"` + partner + `","object":"` + world.IntegrationUserID + `"}`, 50173},
	}
	for _, step := range steps {
		if status, answer := call(t, cloud, http.MethodPost, step.path, step.body); status != http.StatusOK {
			t.Fatalf("%s %s: %v", step.path, step.body, answer)
		}
		if code := redeem(t, cloud, partner, plain); code != step.code {
			t.Errorf("%s %s: code %d, want %d", step.path, step.body, code, step.code)
		}
	}
	if n := cloud.Vault.Versions()[world.AppSecretName]; n != 2 {
		t.Errorf("the vault holds %d versions of the client secret", n)
	}
	if ahead := time.Until(cloud.World.Now()); ahead < 59*time.Minute {
		t.Errorf("the clock is %s ahead", ahead)
	}
}

// What is turned holds for the next call, what is not named stays.
func TestDialsOfTheServices(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{})
	reads := cloud.ARM.Dials().ReadBucket
	if reads == 0 {
		t.Fatal("Azure's limits are off, so nothing is shown")
	}
	status, answer := call(t, cloud, http.MethodPost, "/sim/dials", `{"partnercenter":{"mfa_phrase":true},"arm":{"page_size":2,"challenge":"{}"}}`)
	if pc, arm := cloud.PartnerCenter.Dials(), cloud.ARM.Dials(); status != http.StatusOK || !pc.MFAPhrase || pc.MFAShare != 100 || arm.PageSize != 2 || arm.Challenge != "{}" || arm.ReadBucket != reads {
		t.Errorf("%d %v: Partner Center %+v, ARM %+v", status, answer, pc, arm)
	}
	call(t, cloud, http.MethodPost, "/sim/dials", `{"arm":{"challenge":""}}`)
	if pc, arm := cloud.PartnerCenter.Dials(), cloud.ARM.Dials(); !pc.MFAPhrase || arm.PageSize != 2 || arm.Challenge != "" {
		t.Errorf("Partner Center %+v, ARM %+v", pc, arm)
	}
	if status, _ := call(t, cloud, http.MethodPost, "/sim/dials", `{"arm":{"page_size":9,"pagesize_":1}}`); status != http.StatusBadRequest || cloud.ARM.Dials().PageSize != 2 {
		t.Errorf("a misspelt dial was taken: %d %+v", status, cloud.ARM.Dials())
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{})
	_, first := call(t, cloud, http.MethodPost, "/sim/faults", `{"kind":"drop","host":"arm"}`)
	call(t, cloud, http.MethodPost, "/sim/faults", `{"kind":"lost","host":"graph"}`)
	if n := len(cloud.Faults.Active()); n != 2 {
		t.Fatalf("%d faults", n)
	}
	id, _ := first["id"].(string)
	call(t, cloud, http.MethodDelete, "/sim/faults/"+id, "")
	if status, _ := call(t, cloud, http.MethodDelete, "/sim/faults/"+id, ""); status != http.StatusNotFound {
		t.Errorf("second removal: %d", status)
	}
	_, left := call(t, cloud, http.MethodGet, "/sim/faults", "")
	if faults, _ := left["faults"].(map[string]any); len(faults) != 1 {
		t.Errorf("left: %v", left)
	}
	call(t, cloud, http.MethodDelete, "/sim/faults", "")
	if n := len(cloud.Faults.Active()); n != 0 {
		t.Errorf("%d faults after clearing", n)
	}
}

func TestFederationAndRoleDials(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{})
	subject := func() string {
		var s string
		cloud.World.View(func() {
			if f := cloud.World.Partner().App.Federated; len(f) > 0 {
				s = f[0].Subject
			}
		})
		return s
	}
	call(t, cloud, http.MethodPost, "/sim/app/federation", `{"subject":"other"}`)
	if subject() != "other" {
		t.Errorf("subject = %q", subject())
	}
	call(t, cloud, http.MethodPost, "/sim/app/federation", `{"remove":true}`)
	if subject() != "" {
		t.Errorf("subject = %q", subject())
	}
	call(t, cloud, http.MethodPost, "/sim/app/federation", ``)
	if subject() != world.IdentityPrincipal {
		t.Errorf("subject = %q", subject())
	}
	if status, answer := call(t, cloud, http.MethodPost, "/sim/vault/role", `{"role":"reader"}`); status != http.StatusOK {
		t.Error(answer)
	}
}

func TestMistakesAreRefused(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{})
	for _, row := range []struct {
		path, body string
		status     int
	}{
		{"/sim/faults", `{"kind":"drop","hots":"arm"}`, 400},
		{"/sim/faults", `{"kind":"flood"}`, 400},
		{"/sim/faults", `{`, 400},
		{"/sim/clock", `{"advance":"-1h"}`, 400},
		{"/sim/clock", `{"advance":"tomorrow"}`, 400},
		{"/sim/customers/none", `{"gdap":false}`, 404},
		{"/sim/tenants/none/policy", `{}`, 404},
		{"/sim/users/none", `{"disabled":true}`, 404},
		{"/sim/grants/revoke", `{"tenant":"none","object":"x"}`, 404},
		{"/sim/vault/role", `{"role":"king"}`, 400},
		{"/sim/vault/role", `{"keys":"king"}`, 400},
		{"/sim/app/spread", `{"delay":"soon"}`, 400},
		{"/sim/app/spread", `{"delay":"-1m"}`, 400},
	} {
		status, answer := call(t, cloud, http.MethodPost, row.path, row.body)
		if text, _ := answer["error"].(string); status != row.status || text == "" {
			t.Errorf("%s %s: %d %v", row.path, row.body, status, answer)
		}
	}
}

func TestExpireTokens(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{})
	now := cloud.World.Now()
	if !cloud.World.TokenAlive(now, now.Add(time.Hour)) {
		t.Error("a fresh token is dead")
	}
	call(t, cloud, http.MethodPost, "/sim/clock", `{"expire_tokens":true}`)
	if cloud.World.TokenAlive(now, now.Add(time.Hour)) {
		t.Error("an ended token is alive")
	}
	if later := cloud.World.Now(); !cloud.World.TokenAlive(later, later.Add(time.Hour)) {
		t.Error("a token minted afterwards is dead")
	}
}
