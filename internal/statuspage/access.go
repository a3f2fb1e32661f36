package statuspage

import "github.com/samkeeper/samkeeper/internal/sam"

// remedies say what ends a missing access; whose turn it is follows from the
// reason, see sam.Advise. There is a row for every reason but sam.NoReason.
var remedies = map[sam.Reason]string{
	sam.ConsentMissing:   "Grant the app's consent for this customer (application consent in Partner Center, or a link its administrator opens).",
	sam.NoConsentRole:    "Ask the customer for a relationship with the role Cloud Application Administrator and assign it to the security group of the account; consent is then given by itself.",
	sam.NotListed:        "Send the customer a reseller relationship request from Partner Center, or a link on which its administrator consents to the app.",
	sam.NoGDAP:           "Request a delegated admin relationship (GDAP); the customer's administrator must approve it.",
	sam.RoleInsufficient: "Add the missing role to the relationship's access assignment, or request a relationship that has it.",
	sam.BlockedByPolicy:  "Ask the customer to exclude service provider users from the Conditional Access policy that blocks them.",
	sam.NoAzureRBAC:      "Ask the customer to give the partner's group a reading role on its Azure subscriptions, or set up Azure Lighthouse.",
	sam.NoAzure:          "Nothing to do unless the customer should have Azure: it has no subscription.",
	sam.NoReseller:       "Send the customer a reseller relationship request from Partner Center and have it accepted.",
	sam.TenantGone:       "Check in Partner Center whether the tenant was deleted or lies in another cloud; end the relationship if so.",
	sam.ServiceMissing:   "The tenant lacks the service or its licence; nothing can be read until it has one.",
}

// remedyFor has an answer for reasons of the future, too.
func remedyFor(r sam.Reason) string {
	if known, ok := remedies[r]; ok {
		return known
	}
	return "See the detail; this reason is not known to the page."
}
