package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// Application is the credentials of an app registration.
type Application struct {
	ID        string // its object id, which is not the application (client) id
	Keys      []KeyCredential
	Passwords []PasswordCredential
}

// KeyCredential is a certificate of the registration. It keeps what Graph said
// about it, so that it can be written back unchanged.
type KeyCredential struct {
	KeyID string    `json:"keyId"`
	Name  string    `json:"displayName"`
	Ends  time.Time `json:"endDateTime"`
	DER   []byte    `json:"key"` // the certificate

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (k *KeyCredential) UnmarshalJSON(raw []byte) error {
	type plain KeyCredential
	if err := json.Unmarshal(raw, (*plain)(k)); err != nil {
		return err
	}
	k.raw = append(json.RawMessage(nil), raw...)
	return nil
}

// NewKey is a certificate to be added; Graph chooses its id.
func NewKey(name string, der []byte, starts, ends time.Time) (KeyCredential, error) {
	raw, err := json.Marshal(map[string]any{
		"type": "AsymmetricX509Cert", "usage": "Verify", "displayName": name, "key": der,
		"startDateTime": starts.UTC(), "endDateTime": ends.UTC(),
	})
	return KeyCredential{Name: name, Ends: ends, DER: der, raw: raw}, err
}

// PasswordCredential is a client secret of the registration; its value is
// shown once, by AddPassword.
type PasswordCredential struct {
	KeyID  string
	Name   string
	Ends   time.Time
	Secret sam.Secret
}

// password is a PasswordCredential on the wire.
type password struct {
	KeyID  string    `json:"keyId,omitempty"`
	Name   string    `json:"displayName"`
	Ends   time.Time `json:"endDateTime"`
	Secret string    `json:"secretText,omitempty"`
}

func (p password) credential() PasswordCredential {
	return PasswordCredential{KeyID: p.KeyID, Name: p.Name, Ends: p.Ends, Secret: sam.NewSecret(p.Secret)}
}

// Application reads the credentials of the registration of an app. The
// registration is found first and read by itself then, since Graph shows
// certificates only where one registration is read.
func (c *Client) Application(ctx context.Context, cred azcore.TokenCredential, app sam.AppID) (Application, error) {
	const op = "read the app registration"
	query := url.Values{"$filter": {"appId eq '" + string(app) + "'"}, "$select": {"id"}}
	pipeline := upstream.NewPipeline(c.options, cred, c.scope)
	problem := func(err error) error {
		return upstream.Problem(upstream.NewCall(op, cred), err, c.now(), readApplication)
	}
	found, err := follow[struct{ ID string }](ctx, pipeline, c.base+"/v1.0/applications?"+query.Encode())
	if err != nil {
		return Application{}, problem(err)
	}
	if len(found) != 1 {
		return Application{}, &sam.Problem{
			Op: op, Tenant: upstream.TenantOf(cred), Class: sam.ClassConfiguration, Code: "NoRegistration",
			Plain: "The app's registration is not in this tenant.",
			Fix:   "Name the tenant of the app registration first in SAMKEEPER_PARTNER_TENANTS.",
		}
	}
	var one struct {
		Keys      []KeyCredential `json:"keyCredentials"`
		Passwords []password      `json:"passwordCredentials"`
	}
	at := c.base + "/v1.0/applications/" + url.PathEscape(found[0].ID) + "?$select=id,keyCredentials,passwordCredentials"
	if err := get(ctx, pipeline, at, &one); err != nil {
		return Application{}, problem(err)
	}
	a := Application{ID: found[0].ID, Keys: one.Keys}
	for _, p := range one.Passwords {
		a.Passwords = append(a.Passwords, p.credential())
	}
	return a, nil
}

// ReplaceKeys makes keys the certificates of a registration: whichever is left
// out is removed. Graph has no condition for it, so read just before.
func (c *Client) ReplaceKeys(ctx context.Context, cred azcore.TokenCredential, id string, keys []KeyCredential) error {
	list := make([]json.RawMessage, len(keys))
	for i, k := range keys {
		list[i] = k.raw
	}
	return c.change(ctx, cred, "replace the app's certificates", http.MethodPatch, "/v1.0/applications/"+url.PathEscape(id),
		map[string]any{"keyCredentials": list}, nil)
}

// AddPassword makes a client secret that ends at the given time.
func (c *Client) AddPassword(ctx context.Context, cred azcore.TokenCredential, id, name string, ends time.Time) (PasswordCredential, error) {
	var made password
	err := c.change(ctx, cred, "add a client secret", http.MethodPost, "/v1.0/applications/"+url.PathEscape(id)+"/addPassword",
		map[string]any{"passwordCredential": password{Name: name, Ends: ends.UTC()}}, &made)
	return made.credential(), err
}

// RemovePassword ends a client secret at once.
func (c *Client) RemovePassword(ctx context.Context, cred azcore.TokenCredential, id, keyID string) error {
	return c.change(ctx, cred, "remove a client secret", http.MethodPost, "/v1.0/applications/"+url.PathEscape(id)+"/removePassword",
		map[string]any{"keyId": keyID}, nil)
}

// change sends a body and reads an answer into out, unless that is nil.
func (c *Client) change(ctx context.Context, cred azcore.TokenCredential, op, method, path string, body, out any) error {
	call := upstream.NewCall(op, cred)
	req, err := runtime.NewRequest(ctx, method, c.base+path)
	if err == nil {
		err = runtime.MarshalAsJSON(req, body)
	}
	if err != nil {
		return upstream.Problem(call, err, c.now(), readApplication)
	}
	req.Raw().Header.Set("Accept", "application/json")
	req.Raw().Header.Set("client-request-id", uuid.NewString())
	options := c.options
	options.Retry.MaxRetries = -1 // a change whose answer was lost may have been made
	resp, err := upstream.NewPipeline(options, cred, c.scope).Do(req)
	if err != nil {
		return upstream.Problem(call, err, c.now(), readApplication)
	}
	defer func() { _ = resp.Body.Close() }()
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusNoContent) {
		return upstream.Problem(call, runtime.NewResponseError(resp), c.now(), readApplication)
	}
	if out == nil {
		return nil
	}
	return upstream.Problem(call, runtime.UnmarshalAsJSON(resp, out), c.now(), readApplication)
}

// readApplication classifies a refusal to see or change the registration.
func readApplication(a upstream.Answer) upstream.Verdict {
	body := upstream.ParseErrorBody(a.Body)
	v := upstream.StatusVerdict(a.Status)
	if body.Code != "" {
		v.Code = body.Code
	}
	v.Detail = body.Message
	switch {
	case body.Says("CredentialTypeNotAllowedAsPerAppPolicy", "CredentialInvalidLifetimeAsPerAppPolicy"):
		v.Class = sam.ClassConfiguration
		v.Plain = "An app management policy of the partner tenant forbids this credential."
		v.Fix = "Exempt the app from the policy, or use a credential that it allows: a managed identity or a certificate."
	case a.Status == http.StatusForbidden:
		v.Class = sam.ClassConfiguration
		v.Plain = "The app may not change its own registration."
		v.Fix = "Grant it the application permission Application.ReadWrite.OwnedBy and make its service principal an owner of the registration, or renew the credential by hand and set SAMKEEPER_RENEW_APP_CREDENTIAL to false."
	}
	return v
}
