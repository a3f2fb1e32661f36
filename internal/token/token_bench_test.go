package token_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
)

// The budget: a hit costs at most a twentieth of what MSAL's silent call costs
// for the same thing, one token of one user held in memory, and allocates
// nothing. Run both in one go:
//
//	go test -run '^$' -bench Hit -benchmem ./internal/token
func BenchmarkHit(b *testing.B) {
	b.Run("samkeeper", benchmarkSource)
	b.Run("msal", benchmarkMSAL)
}

func benchmarkSource(b *testing.B) {
	source := token.New(token.Config{Redeemer: &redeemer{}, Vault: seeded(b)})
	defer source.Close()
	credential := source.Credential(conn, customer)
	options := policy.TokenRequestOptions{Scopes: []string{graph}}
	ctx := b.Context()
	if _, err := credential.GetToken(ctx, options); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := credential.GetToken(ctx, options); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkMSAL(b *testing.B) {
	secret, err := confidential.NewCredFromSecret("s3cret")
	if err != nil {
		b.Fatal(err)
	}
	client, err := confidential.New("https://login.microsoftonline.com/"+string(customer), "22222222-2222-4222-8222-222222222222", secret,
		confidential.WithHTTPClient(loginForMSAL{}), confidential.WithInstanceDiscovery(false))
	if err != nil {
		b.Fatal(err)
	}
	ctx, scopes := b.Context(), []string{"https://graph.microsoft.com/User.Read"}
	signedIn, err := client.AcquireTokenByAuthCode(ctx, "code", "https://app.example/callback", scopes)
	if err != nil {
		b.Fatal(err)
	}
	silent := confidential.WithSilentAccount(signedIn.Account)
	b.ReportAllocs()
	for b.Loop() {
		result, err := client.AcquireTokenSilent(ctx, scopes, silent)
		if err != nil || result.AccessToken != "access-1" {
			b.Fatal(err)
		}
	}
}

// seeded is a vault with one refresh token.
func seeded(tb testing.TB) *vaulttest.Memory {
	tb.Helper()
	m := vaulttest.NewMemory(nil)
	if _, err := m.Put(tb.Context(), version("refresh-1")); err != nil {
		tb.Fatal(err)
	}
	return m
}

// loginForMSAL answers MSAL's discovery and its code redemption.
type loginForMSAL struct{}

func (loginForMSAL) CloseIdleConnections() {}

func (loginForMSAL) Do(r *http.Request) (*http.Response, error) {
	authority := "https://login.microsoftonline.com/" + string(customer)
	body := fmt.Sprintf(`{"authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token","issuer":"%[1]s/v2.0"}`, authority)
	if strings.HasSuffix(r.URL.Path, "/token") {
		encode := base64.RawURLEncoding.EncodeToString
		claims := fmt.Sprintf(`{"aud":"a","exp":%d,"iss":%q,"tid":%q,"oid":"o","sub":"s"}`, time.Now().Add(time.Hour).Unix(), authority+"/v2.0", customer)
		body = fmt.Sprintf(`{"token_type":"Bearer","expires_in":3600,"scope":"https://graph.microsoft.com/User.Read","access_token":"access-1","refresh_token":"r","id_token":"%s.%s.x","client_info":"%s"}`,
			encode([]byte(`{"alg":"none"}`)), encode([]byte(claims)), encode([]byte(`{"uid":"o","utid":"t"}`)))
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}
