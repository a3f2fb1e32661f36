package sam

import (
	"slices"
	"strings"
)

// Owner is whose turn it is to end a problem.
type Owner string

// The owners.
const (
	OwnerPartner  Owner = "partner"
	OwnerCustomer Owner = "customer"
)

// Reach is the blast radius of a problem: what does not work because of it.
type Reach string

// The reaches, smallest first.
const (
	ReachCustomer   Reach = "customer"   // one customer, or one task of it
	ReachConnection Reach = "connection" // one connection, and all customers it serves
	ReachEverything Reach = "everything" // the app itself: every connection and customer
)

// Advice is what a person needs besides the plain sentence and the fix.
type Advice struct {
	Owner Owner
	Reach Reach
	Link  string // where the matter is explained; never ""
}

// Advise says, of what is kept of a problem, whose turn it is, how far it
// reaches and where to read more. home means that it was met in the
// connection's own tenant, not at a customer. It is pure, and has an answer for
// classes, reasons and codes of the future too.
func Advise(class Class, reason Reason, code string, home bool) Advice {
	return Advice{Owner: owner(class, reason, code, home), Reach: reach(class, code, home), Link: link(class, reason, code, home)}
}

// partnerWide are refusals at a customer that concern the partner as a whole;
// partnerOwned concern one customer, but only the partner can end them.
var (
	partnerWide  = []string{"AADSTS530034"}
	partnerOwned = []string{"AADSTS500212", "AADSTS53011", "AADSTS530034"}
)

func owner(class Class, reason Reason, code string, home bool) Owner {
	if home || slices.Contains(partnerOwned, code) {
		return OwnerPartner
	}
	switch reason {
	case NoGDAP, BlockedByPolicy, NoAzureRBAC, NoReseller, ServiceMissing:
		return OwnerCustomer
	case NoReason:
		if class == ClassPolicy {
			return OwnerCustomer
		}
	case ConsentMissing, NoConsentRole, NotListed, RoleInsufficient, NoAzure, TenantGone:
	}
	return OwnerPartner
}

func reach(class Class, code string, home bool) Reach {
	entra := strings.HasPrefix(code, "AADSTS")
	switch {
	case class == ClassCredential, slices.Contains(partnerWide, code):
		return ReachEverything
	case class == ClassConfiguration && (home || entra):
		return ReachEverything // our registration or setting; elsewhere one request of a task
	case home, class == ClassReconsent:
		return ReachConnection
	}
	return ReachCustomer
}

// Where Microsoft and this project explain things.
const (
	learn       = "https://learn.microsoft.com/"
	entraCodes  = learn + "entra/identity-platform/reference-error-codes"
	mfaDemand   = learn + "partner-center/developer/partner-security-requirements"
	serviceDown = "https://azure.status.microsoft/"
	runbook     = "https://github.com/samkeeper/samkeeper/blob/main/docs/runbook.md"
)

// reasonLinks has a row for every reason but NoReason.
var reasonLinks = map[Reason]string{
	ConsentMissing:   learn + "partner-center/developer/control-panel-vendor-apis",
	NoConsentRole:    learn + "partner-center/customers/gdap-faq",
	NotListed:        learn + "partner-center/developer/request-reseller-relationship",
	NoGDAP:           learn + "partner-center/gdap-introduction",
	RoleInsufficient: learn + "partner-center/gdap-supported-workloads",
	BlockedByPolicy:  learn + "entra/external-id/authentication-conditional-access",
	NoAzureRBAC:      learn + "azure/lighthouse/overview",
	NoAzure:          learn + "partner-center/",
	NoReseller:       learn + "partner-center/developer/request-reseller-relationship",
	TenantGone:       entraCodes,
	ServiceMissing:   entraCodes,
}

// codeLinks are pages about one code.
var codeLinks = map[string]string{
	"900421":              mfaDemand,
	"AADSTS70021":         learn + "entra/workload-id/workload-identity-federation-config-app-trust-managed-identity",
	"AADSTS700213":        learn + "entra/workload-id/workload-identity-federation-config-app-trust-managed-identity",
	"AADSTS7002131":       learn + "entra/workload-id/workload-identity-federation-config-app-trust-managed-identity",
	"AuthorizationFailed": learn + "azure/role-based-access-control/troubleshooting",
	"ForbiddenByRbac":     learn + "azure/key-vault/general/rbac-guide",
}

// classLinks are pages about a class, where nothing nearer is known.
var classLinks = map[Class]string{
	ClassRetry:      serviceDown,
	ClassReconsent:  learn + "entra/identity-platform/refresh-tokens",
	ClassCredential: learn + "entra/identity-platform/certificate-credentials",
	ClassCustomer:   learn + "partner-center/developer/gdap-and-secure-application-model",
}

func link(class Class, reason Reason, code string, home bool) string {
	if page, ok := codeLinks[code]; ok {
		return page
	}
	if page, ok := reasonLinks[reason]; ok {
		return page
	}
	if page, ok := classLinks[class]; ok {
		return page
	}
	switch {
	case class == ClassPolicy && home:
		return mfaDemand
	case class == ClassPolicy:
		return reasonLinks[BlockedByPolicy]
	case strings.HasPrefix(code, "AADSTS"):
		return entraCodes
	}
	return runbook
}
