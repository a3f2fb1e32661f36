package entra_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

const (
	redirect = "http://localhost:7071/api/consent/callback"
	pcScope  = "https://api.partnercenter.microsoft.com/.default openid profile offline_access"
	graph    = "https://graph.microsoft.com/.default"
	verifier = "a-verifier-of-at-least-forty-three-characters-0123456789"
)

// cloud is a simulator with calls that read like the protocol.
type cloud struct {
	*simtest.Sim
	client *http.Client
}

func start(t *testing.T, customers int) *cloud {
	t.Helper()
	s := simtest.Start(t, simtest.Options{Customers: customers, Seed: 7, Shares: simtest.Healthy()})
	return &cloud{Sim: s, client: s.HTTPClient()}
}

// reply is an answer of the token endpoint.
type reply struct {
	status int
	header http.Header
	raw    map[string]any
	text   string
}

func (r reply) string(name string) string { s, _ := r.raw[name].(string); return s }

// code is the first number in error_codes, 0 for a success.
func (r reply) code() int {
	list, _ := r.raw["error_codes"].([]any)
	if len(list) == 0 {
		return 0
	}
	n, _ := list[0].(float64)
	return int(n)
}

func (c *cloud) post(t *testing.T, path string, form url.Values) reply {
	t.Helper()
	res, err := c.client.PostForm(c.LoginURL+"/"+path, form)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func (c *cloud) get(t *testing.T, path string) reply {
	t.Helper()
	res, err := c.client.Get(c.LoginURL + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func read(t *testing.T, res *http.Response) reply {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: res.StatusCode, header: res.Header, text: string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(body, &r.raw); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
	}
	return r
}

func v2(tenant string) string { return tenant + "/oauth2/v2.0/token" }

// values merges pairs into a form; an empty value removes the field.
func values(base url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range base {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		}
	}
	return out
}

// redeeming is a sound refresh redemption for Graph.
func (c *cloud) redeeming(token string) url.Values {
	return url.Values{
		"client_id": {world.AppID}, "client_secret": {c.World.AppSecret()},
		"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {graph},
	}
}

// asking is a sound authorize query with PKCE.
func asking() url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"client_id": {world.AppID}, "response_type": {"code"}, "response_mode": {"form_post"},
		"redirect_uri": {redirect}, "scope": {pcScope}, "state": {"the-state"}, "nonce": {"the-nonce"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}
}

func (c *cloud) authorizeURL(tenant string, q url.Values) string {
	return c.LoginURL + "/" + tenant + "/oauth2/v2.0/authorize?" + q.Encode()
}

// exchanging is a sound code redemption.
func (c *cloud) exchanging(code string) url.Values {
	return url.Values{
		"client_id": {world.AppID}, "client_secret": {c.World.AppSecret()}, "grant_type": {"authorization_code"},
		"code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
	}
}

func (c *cloud) signIn(t *testing.T) string {
	t.Helper()
	return c.SignIn(t, c.authorizeURL(world.PartnerTenantID, asking()), simtest.Person{}).Form.Get("code")
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %.20s", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}
