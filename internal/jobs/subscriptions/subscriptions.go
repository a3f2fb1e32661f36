// Package subscriptions is the task that looks at a customer's Azure
// subscriptions: which there are, what is in them, and which are not enabled.
//
// Findings: kind "subscription_state", key "subscription_state|<id>", for each
// subscription whose state is not Enabled. The document lists the
// subscriptions and counts the resources by type.
package subscriptions

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/azure"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Name of the task.
const Name = "subscriptions"

// Kind of its findings.
const Kind = "subscription_state"

// Azure is what the task reads; *arm.Client is one.
type Azure interface {
	azure.Lister
	ResourceCounts(ctx context.Context, cred azcore.TokenCredential, subscriptions []string) (arm.View[arm.TypeCount], error)
}

// Task looks at subscriptions.
type Task struct {
	Azure Azure
	Books azure.Books
}

// Document is the task's view of a customer.
type Document struct {
	Subscriptions []arm.Subscription       `json:"subscriptions"`
	Resources     *arm.View[arm.TypeCount] `json:"resources,omitempty"`
	// ResourcesProblem says why Resources is missing.
	ResourcesProblem string `json:"resources_problem,omitempty"`
}

// Name implements jobs.Task.
func (Task) Name() string { return Name }

// Run implements jobs.Task. Counting resources is a courtesy: only what will
// pass by itself makes the task wait for it.
func (t Task) Run(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
	reach, err := azure.Look(ctx, v, t.Azure, t.Books)
	if err != nil || reach.Skipped != sam.NoReason {
		return jobs.Result{Skipped: reach.Skipped}, err
	}
	doc := Document{Subscriptions: reach.Subscriptions}
	counts, err := t.Azure.ResourceCounts(ctx, reach.Credential, reach.IDs())
	switch p := sam.AsProblem(err); {
	case err == nil:
		doc.Resources = &counts
	case p != nil && p.Class == sam.ClassCustomer:
		doc.ResourcesProblem = p.Plain
	default:
		return jobs.Result{}, err
	}
	return jobs.Result{Findings: Findings(reach.Subscriptions), Document: doc}, nil
}

// Findings are the subscriptions that are not enabled.
func Findings(subs []arm.Subscription) []sam.Finding {
	var found []sam.Finding
	for _, s := range subs {
		if strings.EqualFold(s.State, arm.Enabled) {
			continue
		}
		found = append(found, sam.Finding{
			Kind: Kind, Key: Kind + "|" + strings.ToLower(s.ID), Severity: severity(s.State),
			Title:    "Subscription " + s.Name + " is " + s.State,
			Detail:   detail(s.State),
			Resource: "/subscriptions/" + s.ID,
		})
	}
	return found
}

func severity(state string) sam.Severity {
	switch strings.ToLower(state) {
	case "disabled", "deleted":
		return sam.High
	}
	return sam.Medium
}

func detail(state string) string {
	switch strings.ToLower(state) {
	case "disabled":
		return "Its resources are stopped. It can be enabled again for a limited time."
	case "deleted":
		return "Its resources are being removed."
	case "pastdue", "warned":
		return "A payment is open, or the subscription is about to be disabled."
	}
	return ""
}
