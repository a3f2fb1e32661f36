package sam

// OutcomeState is where one expected (customer, task) of a run stands.
type OutcomeState string

// The states of an outcome. Done, Skipped and Failed are final.
const (
	// Expected: written when the run was opened, nothing has come back yet.
	Expected OutcomeState = "expected"
	// Retry: tried, to be tried again; a message with a delay is on its way.
	Retry OutcomeState = "retry"
	// Done: the task ran to its end; its findings are in the ledger.
	Done OutcomeState = "done"
	// Skipped: there is nothing to do here, for a stated Reason.
	Skipped OutcomeState = "skipped"
	// Failed: given up, for a stated Class; a person is needed.
	Failed OutcomeState = "failed"
)

// Final reports whether the outcome counts towards the run's sums.
func (s OutcomeState) Final() bool { return s == Done || s == Skipped || s == Failed }

// Reason is why a customer, or one task of it, could not be visited.
type Reason string

// The reasons, after section 10.3 of the reference on the model.
const (
	NoReason         Reason = ""
	ConsentMissing   Reason = "consent_missing"        // app not consented in the customer tenant (65001, 700016, 7000229, 90099)
	NoGDAP           Reason = "no_gdap"                // no active delegated admin relationship (50020, 50034, 50177, 90072)
	NoConsentRole    Reason = "no_gdap_role"           // consent missing, and the relationship lacks the role that may give it (consent API 403)
	NotListed        Reason = "not_in_customer_list"   // consent missing, and Partner Center does not list the customer (consent API 404)
	RoleInsufficient Reason = "gdap_role_insufficient" // relationship there, role missing (Graph 403)
	BlockedByPolicy  Reason = "blocked_by_policy"      // the customer's Conditional Access or cross-tenant policy
	NoAzureRBAC      Reason = "no_azure_rbac"          // the customer has Azure, we may not read it
	NoAzure          Reason = "no_azure_subscription"  // the customer has no Azure subscription
	NoReseller       Reason = "no_reseller"            // Partner Center knows no relationship
	TenantGone       Reason = "tenant_gone"            // tenant deleted or in another cloud (90002, 5000224)
	ServiceMissing   Reason = "service_missing"        // the service's principal or licence is absent (500011, 650052)
)

// Severity of a finding, worst first.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)
