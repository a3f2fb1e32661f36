package arm

import (
	"net/http"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// read classifies a refusal (reference, section 7.1).
func read(a upstream.Answer) upstream.Verdict {
	body := upstream.ParseErrorBody(a.Body)
	v := upstream.StatusVerdict(a.Status)
	if body.Code != "" {
		v.Code = body.Code
	}
	v.Detail = body.Message
	switch {
	case a.Throttled():
	case body.Says("InvalidAuthenticationTokenTenant"):
		v.Class = sam.ClassConfiguration
		v.Plain = "The subscription belongs to another tenant than the token."
		v.Fix = "Look for the subscription in the tenant that owns it; it was probably transferred."
	case a.Challenged():
		return upstream.BlockedByPolicy(v)
	case body.Says("MissingSubscriptionRegistration", "SubscriptionNotRegistered"):
		v.Class, v.Reason = sam.ClassCustomer, sam.ServiceMissing
		v.Plain = "The resource provider is not registered in the customer's subscription."
		v.Fix = "An owner of the subscription registers the provider named in the message."
	case a.Status == http.StatusForbidden:
		v.Class, v.Reason = sam.ClassCustomer, sam.NoAzureRBAC
		v.Plain = "The connection may not read this in the customer's Azure."
		v.Fix = "The partner nests its GDAP security group under Admin agents, or the customer grants it the Reader role."
	}
	return v
}
