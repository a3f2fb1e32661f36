package vault_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// answering is a transport that gives one answer without a network: the
// challenge first, as Key Vault does, then the body.
type answering struct {
	status int
	body   string
}

func (a answering) Do(r *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}
	if r.Header.Get("Authorization") == "" {
		resp.StatusCode, resp.Body = http.StatusUnauthorized, http.NoBody
		resp.Header.Set("WWW-Authenticate", `Bearer authorization="https://login.example/11111111-1111-4111-8111-111111111111", resource="https://vault.azure.net"`)
	}
	return resp, nil
}

type anyToken struct{}

func (anyToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func answeredWith(t *testing.T, status int, body string) *vault.Vault {
	t.Helper()
	client, err := azsecrets.NewClient("https://v.vault.azure.net", anyToken{}, &azsecrets.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: answering{status, body}, Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return vault.New(client, nil)
}

func FuzzCurrent(f *testing.F) {
	f.Add(200, `{"value":"v","id":"https://v.vault.azure.net/secrets/n/4387e9f3d6e14c459867679a90fd0f79","attributes":{"enabled":true,"created":1493938410,"exp":1493938410},"tags":{"amr":"pwd mfa","redeemed-at":"2026-11-21T10:00:00Z"}}`)
	f.Add(200, `{"tags":{"redeemed-at":null}}`)
	f.Add(404, `{"error":{"code":"SecretNotFound","message":"m"}}`)
	f.Add(403, `{"error":{"code":"Forbidden","innererror":{"code":"SecretDisabled"}}}`)
	f.Add(409, `{"error":{"innererror":{"innererror":{"code":"ObjectIsDeletedButRecoverable"}}}}`)
	f.Add(500, "<html>")
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 200 + (status%400+400)%400
		if status == http.StatusUnauthorized {
			status = http.StatusForbidden // the challenge is the SDK's to parse
		}
		got, err := answeredWith(t, status, body).Current(t.Context(), conn)
		if err == nil {
			if got.Connection != conn || strings.Contains(fmt.Sprintf("%+v", got.Token), body) && body != "" {
				t.Errorf("%+v", got.Connection)
			}
			return
		}
		if p := sam.AsProblem(err); p == nil || p.Class == "" || p.Plain == "" || p.Fix == "" {
			t.Errorf("%#v", err)
		}
	})
}

func TestPublishedPayloads(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "published", "keyvault")
	read := func(t *testing.T, file string) []byte {
		t.Helper()
		body, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Skipf("published payloads are not here: %v", err)
		}
		return body
	}
	t.Run("get", func(t *testing.T) {
		t.Parallel()
		var example struct {
			Responses map[string]struct{ Body json.RawMessage }
		}
		if err := json.Unmarshal(read(t, "secret_get_7.3.json"), &example); err != nil {
			t.Fatal(err)
		}
		got, err := answeredWith(t, 200, string(example.Responses["200"].Body)).Current(t.Context(), conn)
		if err != nil || got.Token.Reveal() != "mysecretvalue" || got.ID != "4387e9f3d6e14c459867679a90fd0f79" || got.Created.Unix() != 1493938410 || !got.Enabled {
			t.Errorf("id %s, created %v, enabled %v, %v", got.ID, got.Created, got.Enabled, err)
		}
	})
	t.Run("not found", func(t *testing.T) {
		t.Parallel()
		body := string(read(t, "error_secretnotfound_recorded.json"))
		_, err := answeredWith(t, 404, body).Secret(t.Context(), "nodeSecret")
		if p := sam.AsProblem(err); p == nil || p.Code != "SecretNotFound" || !strings.Contains(p.Plain, "nodeSecret") {
			t.Errorf("%+v", p)
		}
	})
}
