package limits_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/entra"
	"github.com/samkeeper/samkeeper/sim/graph"
	"github.com/samkeeper/samkeeper/sim/limits"
	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// redeem asks the partner's token endpoint for a Graph token.
func redeem(t *testing.T, cloud *simtest.Sim, form url.Values) (status int, header http.Header, body map[string]any) {
	t.Helper()
	form.Set("client_id", world.AppID)
	form.Set("client_secret", cloud.World.AppSecret())
	form.Set("scope", "https://graph.microsoft.com/.default")
	res, err := cloud.HTTPClient().PostForm(cloud.LoginURL+"/"+world.PartnerTenantID+"/oauth2/v2.0/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_ = json.NewDecoder(res.Body).Decode(&body) // a refusal may be plain text
	return res.StatusCode, res.Header, body
}

// ask calls Graph with a token and returns the answer, its body closed.
func ask(t *testing.T, cloud *simtest.Sim, token any) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cloud.GraphURL+"/v1.0/contracts", nil)
	if err != nil {
		t.Fatal(err)
	}
	bearer, _ := token.(string)
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := cloud.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// control calls the simulator's own door.
func control(t *testing.T, cloud *simtest.Sim, method, path, body string) map[string]json.RawMessage {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, cloud.ControlURL+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("HTTP %d, %v", res.StatusCode, err)
	}
	return answer
}

func TestPublishing(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{Customers: 1, PublishedLimits: true})
	want := func(pc, units, redemptions int) {
		t.Helper()
		s := cloud.Limits
		if got := s.PartnerCenter.Dials().CallsPerMinute; got != pc {
			t.Errorf("Partner Center: %d", got)
		}
		if got := s.Graph.Dials(); got != (graph.Dials{Units: units}) {
			t.Errorf("Graph: %+v", got)
		}
		if got := s.Login.Dials(); got != (entra.Dials{Redemptions: redemptions}) {
			t.Errorf("login: %+v", got)
		}
		if got := s.ARM.Dials(); got.QueriesPerWindow != 15 || got.ReadBucket != 250 || got.ReadsPerSecond != 25 {
			t.Errorf("ARM: %+v", got)
		}
	}
	want(500, 3500, 200)
	cloud.ARM.Set(func(d *arm.Dials) { d.ReadBucket = 1 })
	cloud.PartnerCenter.Set(func(d *partnercenter.Dials) { d.CustomerCallsPerMinute = 7 })
	control(t, cloud, http.MethodPost, "/sim/limits", `{"published":false}`)
	want(0, 0, 0)
	if cloud.PartnerCenter.Dials().CustomerCallsPerMinute != 7 {
		t.Error("a dial without a published number was turned")
	}
	control(t, cloud, http.MethodPost, "/sim/limits", `{"published":true}`)
	want(500, 3500, 200)
	control(t, cloud, http.MethodPost, "/sim/dials", `{"graph":{"units":1},"login":{"redemptions":2},"partnercenter":{"calls_per_minute":3}}`)
	want(3, 1, 2)
}

// Each host refuses in its own way what comes after the limit, and the shares
// tell it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	cloud := simtest.Start(t, simtest.Options{Customers: 1})
	cloud.Limits.Graph.Set(func(d *graph.Dials) { d.Units = 5 })
	grant := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {cloud.MintRefreshToken(t, simtest.Mint{})}}
	status, _, body := redeem(t, cloud, grant)
	if status != http.StatusOK {
		t.Fatalf("HTTP %d: %v", status, body["error_description"])
	}
	for i, told := range []string{"", "", "", "0.80", "1.00"} {
		if res := ask(t, cloud, body["access_token"]); res.StatusCode != http.StatusOK || res.Header.Get("x-ms-throttle-limit-percentage") != told {
			t.Errorf("call %d: HTTP %d, %q of the limit", i, res.StatusCode, res.Header.Get("x-ms-throttle-limit-percentage"))
		}
	}
	if res := ask(t, cloud, body["access_token"]); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" ||
		!strings.HasPrefix(res.Header.Get("x-ms-throttle-scope"), "Tenant_Application/") {
		t.Errorf("beyond the limit: HTTP %d, %v", res.StatusCode, res.Header)
	}
	cloud.Limits.Login.Set(func(d *entra.Dials) { d.Redemptions = 1 })
	if status, _, _ := redeem(t, cloud, grant); status != http.StatusOK {
		t.Errorf("HTTP %d", status)
	}
	if status, _, body := redeem(t, cloud, grant); status != http.StatusBadRequest || !strings.HasPrefix(body["error_description"].(string), "AADSTS50196") {
		t.Errorf("a loop: HTTP %d, %v", status, body)
	}
	if status, header, _ := redeem(t, cloud, url.Values{"grant_type": {"client_credentials"}}); status != http.StatusTooManyRequests ||
		header.Get("Retry-After") == "" || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		t.Errorf("the app alone: HTTP %d, %v", status, header)
	}
	var shares []limits.Share
	if err := json.Unmarshal(control(t, cloud, http.MethodGet, "/sim/limits", "")["shares"], &shares); err != nil {
		t.Fatal(err)
	}
	want := []limits.Share{
		{Host: "graph", Answers: 6, Refused: 1, Fraction: 1.0 / 6},
		{Host: "login", Answers: 4, Refused: 1, Loops: 1, Fraction: 0.5},
		{Answers: 10, Refused: 2, Loops: 1, Fraction: 0.3},
	}
	if len(shares) != len(want) {
		t.Fatalf("shares %+v", shares)
	}
	for i, w := range want {
		if shares[i] != w {
			t.Errorf("share %+v, want %+v", shares[i], w)
		}
	}
}
