package world

import (
	"slices"
	"strings"
)

// The tasks the expectation knows; others are reported as done, without
// findings, wherever the directory can be reached.
const (
	TaskSubscriptions = "subscriptions"
	TaskHealth        = "health"
	TaskAlerts        = "alerts"
	TaskDirectory     = "directory"
)

// Expected is what a correct sweep over all customers reports for the present
// state of the world: the answer book that end-to-end tests compare with.
type Expected struct {
	Customers int               `json:"customers"`          // customers in the world
	Tasks     int               `json:"tasks"`              // expected outcomes: customers times tasks
	Done      int               `json:"done"`               // of these, done
	SkippedBy map[string]int    `json:"skipped_by"`         // the others, by reason
	FailedBy  map[string]int    `json:"failed_by"`          // always empty: nothing fails for good without a fault
	Consents  int               `json:"consents,omitempty"` // customers that the consent task gives a consent at
	Outcomes  []ExpectedOutcome `json:"outcomes"`
	Findings  []ExpectedFinding `json:"findings"`
}

// ExpectedOutcome is how one task ends for one customer.
type ExpectedOutcome struct {
	Customer string `json:"customer"`
	Task     string `json:"task"`
	State    string `json:"state"`            // "done" or "skipped"
	Reason   string `json:"reason,omitempty"` // of a skipped one
}

// ExpectedFinding is one thing that is wrong, found by one task.
type ExpectedFinding struct {
	Customer string `json:"customer"`
	Task     string `json:"task"`
	Kind     string `json:"kind"`
	Key      string `json:"key"` // "<kind>|<what, in lower case>"
}

// Expected works the answers out for these tasks, in the order of Customers
// and then of tasks; classic adds the incidents of classic alert rules to the
// alerts. With TaskConsent among the tasks the others come after it, and find
// the consents that it gives. Locks.
func (w *World) Expected(tasks []string, classic bool) Expected {
	customers := w.Customers()
	e := Expected{
		Customers: len(customers), Tasks: len(customers) * len(tasks),
		SkippedBy: map[string]int{}, FailedBy: map[string]int{},
		Outcomes: make([]ExpectedOutcome, 0, len(customers)*len(tasks)), Findings: []ExpectedFinding{},
	}
	now := w.Now()
	for _, c := range customers {
		if slices.Contains(tasks, TaskAccess) {
			for _, p := range w.permissions(c, tasks, now) {
				e.Findings = append(e.Findings, ExpectedFinding{c.TenantID, TaskAccess, p.kind, p.kind + "|" + strings.ToLower(p.what)})
			}
		}
		h := w.healed(c, tasks)
		if len(h.given) > 0 {
			e.Consents++
		}
		for _, task := range tasks {
			reason := w.skipReason(c, task, h)
			if reason != "" {
				e.SkippedBy[reason]++
				e.Outcomes = append(e.Outcomes, ExpectedOutcome{c.TenantID, task, "skipped", reason})
				continue
			}
			e.Done++
			e.Outcomes = append(e.Outcomes, ExpectedOutcome{c.TenantID, task, "done", ""})
			for _, f := range findings(c, task, classic, now) {
				e.Findings = append(e.Findings, ExpectedFinding{c.TenantID, task, f.kind, f.kind + "|" + strings.ToLower(f.what)})
			}
		}
	}
	return e
}

// skipReason is what a sweep meets first on its way to the customer's data:
// the relationship, then what the login of the customer's tenant looks at in
// turn, then the service.
func (w *World) skipReason(c *Customer, task string, h healing) string {
	resource := w.cloud.ARM
	if task == TaskDirectory {
		resource = w.cloud.Graph
	}
	switch {
	case task == TaskAccess:
		return ""
	case !c.GDAP:
		return "no_gdap"
	case c.Gone:
		return "tenant_gone"
	case task == TaskConsent:
		return h.reason
	}
	if reason := w.tokenReason(c, resource, h); reason != "" {
		return reason
	}
	switch {
	case task == TaskDirectory && c.GraphRefuses:
		return "gdap_role_insufficient"
	case task == TaskSubscriptions, task == TaskHealth, task == TaskAlerts:
		return azureReason(c)
	}
	return ""
}

// azureReason tells the customer without Azure from the one whose Azure may
// not be read; Partner Center's books decide, if it has any.
func azureReason(c *Customer) string {
	switch {
	case len(c.Readable()) > 0:
		return ""
	case c.NoReseller:
		return "no_reseller"
	case c.HasAzureOffer():
		return "no_azure_rbac"
	}
	return "no_azure_subscription"
}
