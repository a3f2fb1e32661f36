package graph_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// own is the app at its own registration.
type own struct {
	sim   *simtest.Sim
	token string
}

// newOwn gets an app-only token by client secret.
func newOwn(t *testing.T, sim *simtest.Sim, tenant string) own {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {world.AppID}, "client_secret": {sim.World.AppSecret()},
		"scope": {sim.World.Cloud().Graph + "/.default"},
	}
	resp, err := sim.HTTPClient().PostForm(sim.LoginURL+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Token == "" {
		t.Fatalf("HTTP %d, %v", resp.StatusCode, err)
	}
	return own{sim, body.Token}
}

func (o own) call(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, o.sim.GraphURL+"/v1.0/applications"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+o.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := o.sim.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
	}
	return resp.StatusCode, answer
}

func TestOwnRegistrationOnly(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Customers: 1, Shares: simtest.Healthy()})
	mine := newOwn(t, sim, world.PartnerTenantID)
	status, answer := mine.call(t, http.MethodGet, "?$filter="+url.QueryEscape("appId eq '"+world.AppID+"'"), "")
	if found, _ := answer["value"].([]any); status != http.StatusOK || len(found) != 1 {
		t.Fatalf("HTTP %d: %v", status, answer)
	}
	there := newOwn(t, sim, sim.World.Customers()[0].TenantID)
	if status, _ := there.call(t, http.MethodGet, "", ""); status != http.StatusForbidden {
		t.Errorf("from a customer's tenant: HTTP %d", status)
	}
	sim.World.Change(func(p *world.Partner) { p.App.Roles = nil })
	without := newOwn(t, sim, world.PartnerTenantID)
	if status, _ := without.call(t, http.MethodGet, "", ""); status != http.StatusForbidden {
		t.Errorf("without the permission: HTTP %d", status)
	}
}

func TestCredentialsOfTheRegistration(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{})
	sim.World.Change(func(p *world.Partner) { p.App.Spread = time.Minute })
	mine := newOwn(t, sim, world.PartnerTenantID)
	at := "/" + world.AppObjectID
	for name, row := range map[string]struct {
		method, path, body string
		status             int
	}{
		"another registration": {http.MethodGet, "/99999999-9999-4999-8999-999999999999", "", 404},
		"a secret that ended":  {http.MethodPost, at + "/addPassword", `{"passwordCredential":{"endDateTime":"2001-01-01T00:00:00Z"}}`, 400},
		"no such secret":       {http.MethodPost, at + "/removePassword", `{"keyId":"none"}`, 400},
		"not a certificate":    {http.MethodPatch, at, `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"AAAA"}]}`, 400},
		"a certificate of air": {http.MethodPatch, at, `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify"}]}`, 400},
		"a misspelt property":  {http.MethodPatch, at, `{"keyCredential":[]}`, 400},
		"nothing to change":    {http.MethodPatch, at, `{}`, 204},
	} {
		if status, answer := mine.call(t, row.method, row.path, row.body); status != row.status {
			t.Errorf("%s: HTTP %d: %v", name, status, answer)
		}
	}
	status, made := mine.call(t, http.MethodPost, at+"/addPassword", `{"passwordCredential":{"displayName":"new"}}`)
	value, _ := made["secretText"].(string)
	if status != http.StatusOK || len(value) < 20 {
		t.Fatalf("HTTP %d: %v", status, made)
	}
	if _, seen := mine.call(t, http.MethodGet, at, ""); strings.Contains(toText(t, seen), value) {
		t.Error("a secret's value is shown twice")
	}
	if got := signsIn(t, sim, value); got {
		t.Error("a new secret is known everywhere at once")
	}
	sim.World.Advance(time.Minute)
	if got := signsIn(t, sim, value); !got {
		t.Error("a new secret is never known")
	}
	if status, answer := mine.call(t, http.MethodPost, at+"/removePassword", `{"keyId":"`+made["keyId"].(string)+`"}`); status != http.StatusNoContent {
		t.Errorf("HTTP %d: %v", status, answer)
	}
	if signsIn(t, sim, value) {
		t.Error("a removed secret still works")
	}
}

func toText(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func signsIn(t *testing.T, sim *simtest.Sim, secret string) bool {
	t.Helper()
	resp, err := sim.HTTPClient().PostForm(sim.LoginURL+"/"+world.PartnerTenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {world.AppID}, "client_secret": {secret}, "scope": {sim.World.Cloud().Graph + "/.default"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}
