package statuspage

import "github.com/samkeeper/samkeeper/internal/sam"

// Owner is whose turn it is.
type Owner string

// The owners.
const (
	Partner     Owner = "partner"
	CustomerOwn Owner = "customer"
)

// remedy is who ends a missing access, and how.
type remedy struct {
	Owner Owner
	Fix   string
}

// remedies has a row for every reason but sam.NoReason.
var remedies = map[sam.Reason]remedy{
	sam.ConsentMissing:   {Partner, "Grant the app's consent for this customer (application consent in Partner Center, or a link its administrator opens)."},
	sam.NoGDAP:           {CustomerOwn, "Request a delegated admin relationship (GDAP); the customer's administrator must approve it."},
	sam.RoleInsufficient: {Partner, "Add the missing role to the relationship's access assignment, or request a relationship that has it."},
	sam.BlockedByPolicy:  {CustomerOwn, "Ask the customer to exclude service provider users from the Conditional Access policy that blocks them."},
	sam.NoAzureRBAC:      {CustomerOwn, "Ask the customer to give the partner's group a reading role on its Azure subscriptions, or set up Azure Lighthouse."},
	sam.NoAzure:          {Partner, "Nothing to do unless the customer should have Azure: it has no subscription."},
	sam.NoReseller:       {CustomerOwn, "Send the customer a reseller relationship request from Partner Center and have it accepted."},
	sam.TenantGone:       {Partner, "Check in Partner Center whether the tenant was deleted or lies in another cloud; end the relationship if so."},
	sam.ServiceMissing:   {CustomerOwn, "The tenant lacks the service or its licence; nothing can be read until it has one."},
}

// remedyFor has an answer for reasons of the future, too.
func remedyFor(r sam.Reason) remedy {
	if known, ok := remedies[r]; ok {
		return known
	}
	return remedy{Partner, "See the detail; this reason is not known to the page."}
}
