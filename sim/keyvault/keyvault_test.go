package keyvault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/samkeeper/samkeeper/sim/keyvault"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// signed is a credential that signs its own tokens with the simulator's key.
type signed struct {
	cloud  *simtest.Sim
	claims map[string]any // overrides
}

func (s signed) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	claims := map[string]any{
		"aud": "https://vault.azure.net", "iss": "https://sts.windows.net/" + world.PartnerTenantID + "/",
		"tid": world.PartnerTenantID, "oid": world.IdentityPrincipal, "appid": world.IdentityClientID,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for name, value := range s.claims {
		claims[name] = value
	}
	token, err := s.cloud.Keys.Sign(claims)
	return azcore.AccessToken{Token: token, ExpiresOn: now.Add(time.Hour)}, err
}

func open(t *testing.T, cloud *simtest.Sim, claims map[string]any) *azsecrets.Client {
	t.Helper()
	client, err := azsecrets.NewClient(cloud.VaultURL, signed{cloud, claims}, &azsecrets.ClientOptions{
		ClientOptions:                        azcore.ClientOptions{Transport: cloud.HTTPClient(), Retry: policy.RetryOptions{MaxRetries: -1}},
		DisableChallengeResourceVerification: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func start(t *testing.T) (*simtest.Sim, *azsecrets.Client) {
	t.Helper()
	cloud := simtest.Start(t, simtest.Options{})
	return cloud, open(t, cloud, nil)
}

func set(t *testing.T, c *azsecrets.Client, name string, p azsecrets.SetSecretParameters) azsecrets.Secret {
	t.Helper()
	res, err := c.SetSecret(t.Context(), name, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return res.Secret
}

// refused checks status and error code of a refusal.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var r *azcore.ResponseError
	if !errors.As(err, &r) {
		t.Errorf("error = %v, want %d %s", err, status, code)
		return
	}
	if r.StatusCode != status || r.ErrorCode != code && !strings.Contains(r.Error(), `"`+code+`"`) {
		t.Errorf("refusal = %d %s, want %d %s", r.StatusCode, r.ErrorCode, status, code)
	}
}

func TestVersionsAndAttributes(t *testing.T) {
	t.Parallel()
	cloud, client := start(t)
	expires := time.Now().Add(90 * 24 * time.Hour).Truncate(time.Second).UTC()
	first := set(t, client, "rt-a", azsecrets.SetSecretParameters{
		Value: to.Ptr("one"), ContentType: to.Ptr("text/plain"),
		SecretAttributes: &azsecrets.SecretAttributes{Expires: &expires},
		Tags:             map[string]*string{"upn": to.Ptr("a@b.example")},
	})
	if v := first.ID.Version(); len(v) != 32 || strings.Trim(v, "0123456789abcdef") != "" {
		t.Errorf("version %q", v)
	}
	if !first.Attributes.Expires.Equal(expires) || !*first.Attributes.Enabled || *first.Attributes.RecoverableDays != 90 || *first.Attributes.RecoveryLevel != "Recoverable+Purgeable" {
		t.Errorf("attributes = %+v", first.Attributes)
	}
	second := set(t, client, "rt-a", azsecrets.SetSecretParameters{Value: to.Ptr("two")})
	newest, err := client.GetSecret(t.Context(), "rt-a", "", nil)
	if err != nil || *newest.Value != "two" || *newest.ID != *second.ID {
		t.Fatalf("newest = %+v, %v", newest, err)
	}
	old, err := client.GetSecret(t.Context(), "rt-a", first.ID.Version(), nil)
	if err != nil || *old.Value != "one" || *old.Tags["upn"] != "a@b.example" {
		t.Fatalf("first = %+v, %v", old, err)
	}
	if got := cloud.Vault.Versions()["rt-a"]; got != 2 {
		t.Errorf("%d versions", got)
	}
	if !slices.Contains(cloud.World.Secrets(), "two") {
		t.Error("the value is not among the secrets to hunt for")
	}
}

func TestExpiredIsStillReadDisabledIsNot(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	past := time.Now().Add(-time.Hour)
	v := set(t, client, "s", azsecrets.SetSecretParameters{Value: to.Ptr("x"), SecretAttributes: &azsecrets.SecretAttributes{Expires: &past}})
	if _, err := client.GetSecret(t.Context(), "s", "", nil); err != nil {
		t.Errorf("expired: %v", err)
	}
	res, err := client.UpdateSecretProperties(t.Context(), "s", v.ID.Version(), azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)}, ContentType: to.Ptr("c"), Tags: map[string]*string{"a": to.Ptr("b")},
	}, nil)
	if err != nil || *res.Attributes.Enabled || res.Value != nil || *res.ContentType != "c" || *res.Tags["a"] != "b" || res.Attributes.Expires == nil {
		t.Fatalf("update = %+v, %v", res, err)
	}
	_, err = client.GetSecret(t.Context(), "s", "", nil)
	refused(t, err, http.StatusForbidden, "SecretDisabled")
	set(t, client, "s", azsecrets.SetSecretParameters{Value: to.Ptr("y")})
	if got, err := client.GetSecret(t.Context(), "s", "", nil); err != nil || *got.Value != "y" {
		t.Errorf("a new version is enabled: %v", err)
	}
}

func TestListsArePagedAndHoldNoValues(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	for i := range 60 {
		set(t, client, fmt.Sprintf("s-%02d", i), azsecrets.SetSecretParameters{Value: to.Ptr("v")})
		set(t, client, "many", azsecrets.SetSecretParameters{Value: to.Ptr("v")})
	}
	pages, names := 0, map[string]bool{}
	for pager := client.NewListSecretPropertiesPager(nil); pager.More(); pages++ {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Value {
			names[item.ID.Name()] = true
			if item.ID.Version() != "" {
				t.Errorf("%s carries a version", *item.ID)
			}
		}
	}
	if pages != 3 || len(names) != 62 {
		t.Errorf("%d secrets on %d pages", len(names), pages)
	}
	versions := map[string]bool{}
	for pager := client.NewListSecretPropertiesVersionsPager("many", nil); pager.More(); {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Value {
			versions[item.ID.Version()] = true
		}
	}
	if len(versions) != 60 {
		t.Errorf("%d versions", len(versions))
	}
}

func TestSoftDelete(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	ctx := t.Context()
	set(t, client, "s", azsecrets.SetSecretParameters{Value: to.Ptr("x")})
	gone, err := client.DeleteSecret(ctx, "s", nil)
	if err != nil || gone.RecoveryID == nil || gone.ScheduledPurgeDate.Sub(*gone.DeletedDate) < 89*24*time.Hour {
		t.Fatalf("delete = %+v, %v", gone, err)
	}
	_, err = client.GetSecret(ctx, "s", "", nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
	_, err = client.SetSecret(ctx, "s", azsecrets.SetSecretParameters{Value: to.Ptr("y")}, nil)
	refused(t, err, http.StatusConflict, "ObjectIsDeletedButRecoverable")
	if _, err := client.GetDeletedSecret(ctx, "s", nil); err != nil {
		t.Error(err)
	}
	page, err := client.NewListDeletedSecretPropertiesPager(nil).NextPage(ctx)
	if err != nil || len(page.Value) != 1 {
		t.Errorf("deleted: %d, %v", len(page.Value), err)
	}
	if _, err := client.RecoverDeletedSecret(ctx, "s", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := client.GetSecret(ctx, "s", "", nil); err != nil || *got.Value != "x" {
		t.Errorf("recovered: %v", err)
	}
	if _, err := client.DeleteSecret(ctx, "s", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PurgeDeletedSecret(ctx, "s", nil); err != nil {
		t.Fatal(err)
	}
	_, err = client.PurgeDeletedSecret(ctx, "s", nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
	_, err = client.RecoverDeletedSecret(ctx, "s", nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
	set(t, client, "s", azsecrets.SetSecretParameters{Value: to.Ptr("new life")})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	tags := func(n int) map[string]*string {
		m := map[string]*string{}
		for i := range n {
			m[fmt.Sprint("t", i)] = to.Ptr("v")
		}
		return m
	}
	ok := azsecrets.SetSecretParameters{Value: to.Ptr(strings.Repeat("x", 25*1024)), Tags: tags(15)}
	set(t, client, strings.Repeat("n", 127), ok)
	for name, row := range map[string]struct {
		secret string
		p      azsecrets.SetSecretParameters
	}{
		"value too long": {"s", azsecrets.SetSecretParameters{Value: to.Ptr(strings.Repeat("x", 25*1024+1))}},
		"no value":       {"s", azsecrets.SetSecretParameters{Value: to.Ptr("")}},
		"16 tags":        {"s", azsecrets.SetSecretParameters{Value: to.Ptr("x"), Tags: tags(16)}},
		"long tag":       {"s", azsecrets.SetSecretParameters{Value: to.Ptr("x"), Tags: map[string]*string{"t": to.Ptr(strings.Repeat("v", 257))}}},
		"long type":      {"s", azsecrets.SetSecretParameters{Value: to.Ptr("x"), ContentType: to.Ptr(strings.Repeat("c", 256))}},
		"bad name":       {"under_score", azsecrets.SetSecretParameters{Value: to.Ptr("x")}},
		"long name":      {strings.Repeat("n", 128), azsecrets.SetSecretParameters{Value: to.Ptr("x")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client.SetSecret(t.Context(), row.secret, row.p, nil)
			refused(t, err, http.StatusBadRequest, "BadParameter")
		})
	}
	_, err := client.GetSecret(t.Context(), "absent", "", nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
	_, err = client.UpdateSecretProperties(t.Context(), "absent", "0123456789abcdef0123456789abcdef", azsecrets.UpdateSecretPropertiesParameters{}, nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
}

func TestWhoMayComeIn(t *testing.T) {
	t.Parallel()
	cloud, client := start(t)
	set(t, client, "s", azsecrets.SetSecretParameters{Value: to.Ptr("x")})
	for name, row := range map[string]struct {
		claims map[string]any
		status int
		code   string
	}{
		"other audience":  {map[string]any{"aud": "https://graph.microsoft.com"}, 401, "Unauthorized"},
		"foreign issuer":  {map[string]any{"iss": "https://issuer.example/"}, 401, "Unauthorized"},
		"other tenant":    {map[string]any{"tid": "x", "iss": "https://sts.windows.net/x/"}, 401, "Unauthorized"},
		"expired":         {map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}, 401, "Unauthorized"},
		"other principal": {map[string]any{"oid": world.IntegrationUserID}, 403, "ForbiddenByRbac"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, cloud, row.claims).GetSecret(t.Context(), "s", "", nil)
			refused(t, err, row.status, row.code)
		})
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	cloud, client := start(t)
	set(t, client, "s", azsecrets.SetSecretParameters{Value: to.Ptr("x")})
	cloud.Vault.SetRole(keyvault.Reader)
	if _, err := client.GetSecret(t.Context(), "s", "", nil); err != nil {
		t.Errorf("reader: %v", err)
	}
	_, err := client.SetSecret(t.Context(), "s", azsecrets.SetSecretParameters{Value: to.Ptr("y")}, nil)
	refused(t, err, http.StatusForbidden, "ForbiddenByRbac")
	cloud.Vault.SetRole(keyvault.NoRole)
	_, err = client.GetSecret(t.Context(), "s", "", nil)
	refused(t, err, http.StatusForbidden, "ForbiddenByRbac")
}

// raw sends a request with a good token and returns status, headers and body.
func raw(t *testing.T, cloud *simtest.Sim, method, path, body string, authorised bool) (int, http.Header, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, cloud.VaultURL+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorised {
		token, err := signed{cloud: cloud}.GetToken(t.Context(), policy.TokenRequestOptions{})
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token.Token)
	}
	res, err := cloud.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, answer
}

func TestChallengeComesFirst(t *testing.T) {
	t.Parallel()
	cloud, _ := start(t)
	status, header, body := raw(t, cloud, http.MethodPut, "/secrets/bad_name", "not json", false)
	want := `Bearer authorization="https://login.microsoftonline.com/` + world.PartnerTenantID + `", resource="https://vault.azure.net"`
	if status != http.StatusUnauthorized || header.Get("WWW-Authenticate") != want {
		t.Errorf("%d %q", status, header.Get("WWW-Authenticate"))
	}
	if text := fmt.Sprint(body); !strings.Contains(text, "AKV10000") {
		t.Error(text)
	}
}

func TestRawRefusals(t *testing.T) {
	t.Parallel()
	cloud, _ := start(t)
	for name, row := range map[string]struct {
		method, path, body string
		status             int
	}{
		"no api-version":    {http.MethodGet, "/secrets", "", 400},
		"odd api-version":   {http.MethodGet, "/secrets?api-version=1", "", 400},
		"page too large":    {http.MethodGet, "/secrets?api-version=7.4&maxresults=26", "", 400},
		"page too small":    {http.MethodGet, "/secrets?api-version=7.4&maxresults=0", "", 400},
		"bad skip token":    {http.MethodGet, "/secrets?api-version=7.4&$skiptoken=-1", "", 400},
		"not JSON":          {http.MethodPut, "/secrets/s?api-version=7.4", "{", 400},
		"versions of none":  {http.MethodGet, "/secrets/none/versions?api-version=7.4", "", 404},
		"unknown operation": {http.MethodPost, "/secrets/s?api-version=7.4", "{}", 405},
		"unknown root":      {http.MethodGet, "/certificates/s?api-version=7.4", "", 405},
		"too deep":          {http.MethodGet, "/secrets/s/v/x?api-version=7.4", "", 405},
		"version 7.4":       {http.MethodGet, "/secrets/app-secret?api-version=7.4", "", 200},
		"version 2026":      {http.MethodGet, "/secrets/app-secret?api-version=2026-04-01", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, header, body := raw(t, cloud, row.method, row.path, row.body, true)
			if status != row.status || header.Get("x-ms-request-id") == "" {
				t.Errorf("%d, want %d: %v", status, row.status, body)
			}
		})
	}
}

func TestRawKeys(t *testing.T) {
	t.Parallel()
	cloud, _ := start(t)
	status, _, made := raw(t, cloud, http.MethodPost, "/keys/k/create?api-version=7.6", `{"kty":"RSA","key_ops":["sign"]}`, true)
	if status != http.StatusOK || strings.Contains(fmt.Sprint(made), "map[d:") {
		t.Fatalf("%d %v", status, made)
	}
	id := made["key"].(map[string]any)["kid"].(string)
	at := id[strings.Index(id, "/keys/"):]
	digest := strings.Repeat("A", 43) // 32 bytes of zero in base64url
	raw(t, cloud, http.MethodPost, "/keys/other/create?api-version=7.6", `{"kty":"RSA","key_ops":["verify"]}`, true)
	_, _, other := raw(t, cloud, http.MethodGet, "/keys/other?api-version=7.6", "", true)
	verifies := other["key"].(map[string]any)["kid"].(string)
	for name, row := range map[string]struct {
		method, path, body string
		status             int
	}{
		"PS256":                       {http.MethodPost, at + "/sign", `{"alg":"PS256","value":"` + digest + `"}`, 200},
		"RS256":                       {http.MethodPost, at + "/sign", `{"alg":"RS256","value":"` + digest + `"}`, 200},
		"digest of another length":    {http.MethodPost, at + "/sign", `{"alg":"PS512","value":"` + digest + `"}`, 400},
		"digest that is none":         {http.MethodPost, at + "/sign", `{"alg":"PS256","value":"!"}`, 400},
		"algorithm of another kind":   {http.MethodPost, at + "/sign", `{"alg":"ES256","value":"` + digest + `"}`, 400},
		"key that may not sign":       {http.MethodPost, verifies[strings.Index(verifies, "/keys/"):] + "/sign", `{"alg":"PS256","value":"` + digest + `"}`, 403},
		"no such version":             {http.MethodPost, "/keys/k/00000000000000000000000000000000/sign", `{"alg":"PS256","value":"` + digest + `"}`, 404},
		"no such key":                 {http.MethodGet, "/keys/none", "", 404},
		"another kind of key":         {http.MethodPost, "/keys/k/create", `{"kty":"EC"}`, 400},
		"a size nobody makes":         {http.MethodPost, "/keys/k/create", `{"kty":"RSA","key_size":1024}`, 400},
		"exportable without policy":   {http.MethodPost, "/keys/k/create", `{"kty":"RSA","attributes":{"exportable":true}}`, 400},
		"an operation we do not have": {http.MethodPost, at + "/decrypt", `{}`, 405},
		"the list of keys":            {http.MethodGet, "/keys", "", 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, _, body := raw(t, cloud, row.method, row.path+"?api-version=7.6", row.body, true); status != row.status {
				t.Errorf("%d, want %d: %v", status, row.status, body)
			}
		})
	}
}
