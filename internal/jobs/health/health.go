// Package health is the task that looks at Azure Resource Health: which
// resources of a customer are unavailable or degraded now.
//
// Findings: kind "resource_unhealthy", key "resource_unhealthy|<resource id in
// lower case>". The document holds the state of every resource that Resource
// Health covers.
package health

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
const Name = "health"

// Kind of its findings.
const Kind = "resource_unhealthy"

// Azure is what the task reads; *arm.Client is one.
type Azure interface {
	azure.Lister
	Health(ctx context.Context, cred azcore.TokenCredential, subscriptions []string) (arm.View[arm.Status], error)
}

// Task looks at resource health.
type Task struct {
	Azure Azure
	Books azure.Books
}

// Name implements jobs.Task.
func (Task) Name() string { return Name }

// Run implements jobs.Task.
func (t Task) Run(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
	reach, err := azure.Look(ctx, v, t.Azure, t.Books)
	if err != nil || reach.Skipped != sam.NoReason {
		return jobs.Result{Skipped: reach.Skipped}, err
	}
	view, err := t.Azure.Health(ctx, reach.Credential, reach.IDs())
	if err != nil {
		return jobs.Result{}, err
	}
	return jobs.Result{Findings: Findings(view.Items), Document: view}, nil
}

// Findings are the resources that are unavailable or degraded.
func Findings(statuses []arm.Status) []sam.Finding {
	var found []sam.Finding
	for _, s := range statuses {
		if !s.Unhealthy() {
			continue
		}
		found = append(found, sam.Finding{
			Kind: Kind, Key: Kind + "|" + strings.ToLower(s.Resource), Severity: severity(s),
			Title:    resourceName(s.Resource) + " is " + strings.ToLower(s.State),
			Detail:   detail(s),
			Resource: s.Resource,
			Since:    s.Since,
		})
	}
	return found
}

// severity is lower for what people did themselves: a stopped machine.
func severity(s arm.Status) sam.Severity {
	switch {
	case strings.EqualFold(strings.ReplaceAll(s.Reason, " ", ""), "UserInitiated"):
		return sam.Low
	case strings.EqualFold(s.State, arm.Unavailable):
		return sam.High
	}
	return sam.Medium
}

func detail(s arm.Status) string {
	if s.Summary != "" {
		return s.Summary
	}
	return s.Title
}

// resourceName is the last segment of an ARM id.
func resourceName(id string) string { return id[strings.LastIndex(id, "/")+1:] }
