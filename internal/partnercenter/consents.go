package partnercenter

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// Consent is what an application asks to be allowed at one customer: delegated
// permissions on one resource. Partner Center takes several resources in one
// call; one is asked for at a time, so that one that a customer lacks does not
// take the others along.
type Consent struct {
	App      sam.AppID // must be the application of the access token
	Name     string    // display name of the application; may be ""
	Resource sam.AppID // application id of the service
	Scopes   []string  // permissions by name, "Organization.Read.All"; at least one
	// RequestID is the idempotency key, a GUID: the same one when a consent is
	// sent again because its answer was lost.
	RequestID string
}

// consentBody is the request, as documented; scopes are joined by commas.
type consentBody struct {
	ApplicationID string       `json:"applicationId"`
	DisplayName   string       `json:"displayName,omitempty"`
	Grants        []grantEntry `json:"applicationGrants"`
}

type grantEntry struct {
	ResourceID string `json:"enterpriseApplicationId"`
	Scope      string `json:"scope"`
}

// GiveConsent consents to the application at the customer. existed is true when
// there is an entry for the resource already: it was left as it is, so it may
// lack scopes. Either way the login hosts know of it only after seconds or
// minutes, and redeeming a token is the only proof. Nothing is ever deleted.
//
// The Reasons of its problems are NoConsentRole (403), NotListed (404),
// NoReseller, BlockedByPolicy and ServiceMissing; a scope that the resource does
// not have is of class configuration.
func (c *Client) GiveConsent(ctx context.Context, cred azcore.TokenCredential, customer sam.CustomerID, wanted Consent) (existed bool, err error) {
	s := c.begin(cred, "give consent at a customer", customer)
	resp, err := s.post(ctx, "/v1/customers/"+string(customer)+"/applicationconsents", wanted.RequestID, consentBody{
		ApplicationID: string(wanted.App), DisplayName: wanted.Name,
		Grants: []grantEntry{{string(wanted.Resource), strings.Join(wanted.Scopes, ",")}},
	})
	if err != nil {
		return false, s.problem(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if runtime.HasStatusCode(resp, http.StatusOK, http.StatusCreated) {
		return false, nil
	}
	err = runtime.NewResponseError(resp)
	if a, ok := upstream.AnswerOf(err); ok && alreadyThere(a) {
		return true, nil
	}
	return false, upstream.Problem(s.call, err, s.client.now(), s.readConsent)
}

// post sends a body; the pipeline repeats it with the same request id.
func (s session) post(ctx context.Context, uri, requestID string, body any) (*http.Response, error) {
	req, err := runtime.NewRequest(ctx, http.MethodPost, s.client.base+uri)
	if err != nil {
		return nil, err
	}
	if err := runtime.MarshalAsJSON(req, body); err != nil {
		return nil, err
	}
	stamp(req.Raw().Header, requestID)
	return s.pipeline.Do(req)
}

// alreadyThere recognises the answer to a repeated consent. 409 is not in the
// documented table; 400 comes with the text of the conflict that the directory
// answers below.
func alreadyThere(a upstream.Answer) bool {
	if a.Status == http.StatusConflict {
		return true
	}
	var b body
	_ = json.Unmarshal(a.Body, &b) // unreadable: it does not say so
	return a.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(string(b.Description)), "already exists")
}

// The texts of a 400 are not documented. These are the words without which the
// two documented causes cannot be told; whatever else it says is shown as it is.
var (
	namesPrincipal = regexp.MustCompile(`(?i)service ?principal|enterpriseApplicationId|resource .*(not found|does not exist)`)
	namesScope     = regexp.MustCompile(`(?i)\bscope|permission|oauth2permission|claim is invalid`)
	namesApp       = regexp.MustCompile(`(?i)\bapplicationId\b|\bappid\b`)
)

// readConsent classifies the refusal of a consent; see table 5.6 of the
// reference. 403 means one of two things, and both are the partner's to mend.
func (s session) readConsent(a upstream.Answer) upstream.Verdict {
	v := s.read(a)
	switch {
	case a.Status == http.StatusNotFound:
		v.Class, v.Reason = sam.ClassCustomer, sam.NotListed
		v.Plain = "Consent is missing at this customer, and Partner Center does not list the customer, so it cannot be given there."
		v.Fix = "The partner sends the customer a reseller relationship request, or a link to the admin consent page of the app."
	case a.Status == http.StatusForbidden && v.Reason == sam.RoleInsufficient:
		v.Class, v.Reason = sam.ClassCustomer, sam.NoConsentRole
		v.Plain = "Consent is missing at this customer, and the connection may not give it: it needs Cloud Application Administrator there, and Admin agents in Partner Center."
		v.Fix = "The partner asks the customer for a relationship (GDAP) with Cloud Application Administrator and assigns it to the security group of the account; or the customer's admin consents on the admin consent page."
	case a.Status == http.StatusBadRequest && v.Reason == sam.NoReason:
		return badConsent(v)
	}
	return v
}

// badConsent reads a 400 by its words.
func badConsent(v upstream.Verdict) upstream.Verdict {
	switch {
	case namesPrincipal.MatchString(v.Detail):
		v.Class, v.Reason = sam.ClassCustomer, sam.ServiceMissing
		v.Plain = "The customer's tenant does not know the service that consent is needed for: it has no licence or subscription that brings it."
		v.Fix = "The customer gets a licence of the service; nothing to do if it should have none."
	case namesScope.MatchString(v.Detail):
		v.Class = sam.ClassConfiguration
		v.Plain = "Partner Center does not accept a permission that is to be consented to."
		v.Fix = "Correct the names in SAMKEEPER_CONSENT_SCOPES: delegated permissions of Microsoft Graph by name."
	case namesApp.MatchString(v.Detail):
		v.Class = sam.ClassConfiguration
		v.Plain = "Partner Center says that the app to be consented to is not the app that asks."
		v.Fix = "Check SAMKEEPER_APP_ID; after a change, sign in again on the consent page."
	}
	return v
}
