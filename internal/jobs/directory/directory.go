// Package directory is the task that looks at a customer's directory through
// Graph: its organization and its licences.
//
// Findings: kind "licence_state", key "licence_state|<skuId>", for a licence
// whose capability status is not Enabled; kind "licence_overuse", key
// "licence_overuse|<skuId>", when more seats are assigned than are enabled. The
// document holds the organization and all licences.
package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Name of the task.
const Name = "directory"

// Kinds of its findings.
const (
	KindState   = "licence_state"
	KindOveruse = "licence_overuse"
)

// Graph is what the task reads; *graph.Client is one.
type Graph interface {
	Organization(ctx context.Context, cred azcore.TokenCredential) (graph.Organization, error)
	SubscribedSkus(ctx context.Context, cred azcore.TokenCredential) ([]graph.Sku, error)
}

// Task looks at the directory.
type Task struct{ Graph Graph }

// Document is the task's view of a customer.
type Document struct {
	Organization graph.Organization `json:"organization"`
	Licences     []graph.Sku        `json:"licences"`
}

// Name implements jobs.Task.
func (Task) Name() string { return Name }

// Run implements jobs.Task.
func (t Task) Run(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
	org, err := t.Graph.Organization(ctx, v.Credential)
	if err != nil {
		return jobs.Result{}, err
	}
	skus, err := t.Graph.SubscribedSkus(ctx, v.Credential)
	if err != nil {
		return jobs.Result{}, err
	}
	return jobs.Result{Findings: Findings(skus), Document: Document{org, skus}}, nil
}

// Findings are the licences in trouble.
func Findings(skus []graph.Sku) []sam.Finding {
	var found []sam.Finding
	for _, s := range skus {
		if !strings.EqualFold(s.Status, "Enabled") {
			found = append(found, sam.Finding{
				Kind: KindState, Key: KindState + "|" + strings.ToLower(s.SkuID), Severity: severity(s.Status),
				Title:  "Licence " + s.Name + " is " + s.Status,
				Detail: fmt.Sprintf("%d seats are in use.", s.Consumed),
			})
		}
		if s.Consumed > s.Prepaid.Enabled {
			found = append(found, sam.Finding{
				Kind: KindOveruse, Key: KindOveruse + "|" + strings.ToLower(s.SkuID), Severity: sam.Medium,
				Title:  "Licence " + s.Name + " is used beyond its seats",
				Detail: fmt.Sprintf("%d seats are in use, %d are enabled.", s.Consumed, s.Prepaid.Enabled),
			})
		}
	}
	return found
}

func severity(status string) sam.Severity {
	switch strings.ToLower(status) {
	case "warning":
		return sam.Medium
	}
	return sam.High
}
