// Package alerts is the task that looks at Azure Monitor: which alerts of a
// customer are on now.
//
// Findings: kind "alert_fired", key "alert_fired|<alert id in lower case>". With
// the option Classic also kind "classic_alert", key "classic_alert|<rule id in
// lower case>", for classic metric alert rules with an active incident; these
// were retired in 2021 and are off by default. The document lists both.
package alerts

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
const Name = "alerts"

// Kinds of its findings.
const (
	KindFired   = "alert_fired"
	KindClassic = "classic_alert"
)

// Azure is what the task reads; *arm.Client is one.
type Azure interface {
	azure.Lister
	FiredAlerts(ctx context.Context, cred azcore.TokenCredential, subscriptions []string) (arm.View[arm.Alert], error)
	ClassicAlerts(ctx context.Context, cred azcore.TokenCredential, subscription string) ([]arm.ClassicRule, error)
}

// Task looks at alerts.
type Task struct {
	Azure   Azure
	Books   azure.Books
	Classic bool // classic metric alert rules, too
}

// Document is the task's view of a customer.
type Document struct {
	Alerts  arm.View[arm.Alert] `json:"alerts"`
	Classic []arm.ClassicRule   `json:"classic,omitempty"`
}

// Name implements jobs.Task.
func (Task) Name() string { return Name }

// Run implements jobs.Task.
func (t Task) Run(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
	reach, err := azure.Look(ctx, v, t.Azure, t.Books)
	if err != nil || reach.Skipped != sam.NoReason {
		return jobs.Result{Skipped: reach.Skipped}, err
	}
	var doc Document
	if doc.Alerts, err = t.Azure.FiredAlerts(ctx, reach.Credential, reach.IDs()); err != nil {
		return jobs.Result{}, err
	}
	if t.Classic {
		for _, id := range reach.IDs() {
			rules, err := t.Azure.ClassicAlerts(ctx, reach.Credential, id)
			if err != nil {
				return jobs.Result{}, err
			}
			doc.Classic = append(doc.Classic, rules...)
		}
	}
	return jobs.Result{Findings: Findings(doc), Document: doc}, nil
}

// Findings are the alerts and the active classic rules.
func Findings(doc Document) []sam.Finding {
	var found []sam.Finding
	for _, a := range doc.Alerts.Items {
		found = append(found, sam.Finding{
			Kind: KindFired, Key: KindFired + "|" + strings.ToLower(a.ID), Severity: severity(a.Severity),
			Title: "Alert " + a.Name + " fired", Detail: a.Detail, Resource: a.Target, Since: a.Started,
		})
	}
	for _, r := range doc.Classic {
		found = append(found, sam.Finding{
			Kind: KindClassic, Key: KindClassic + "|" + strings.ToLower(r.ID), Severity: sam.Medium,
			Title: "Classic alert " + r.Name + " is active", Resource: r.Target, Since: r.Since,
		})
	}
	return found
}

// severity maps Azure Monitor's Sev0 (critical) … Sev4 (verbose).
func severity(s string) sam.Severity {
	switch strings.ToLower(s) {
	case "sev0":
		return sam.Critical
	case "sev1":
		return sam.High
	case "sev3", "sev4":
		return sam.Low
	}
	return sam.Medium
}
