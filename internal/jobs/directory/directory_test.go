package directory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/directory"
	"github.com/samkeeper/samkeeper/internal/sam"
)

type tenant struct {
	skus []graph.Sku
	err  error
}

func (c tenant) Organization(context.Context, azcore.TokenCredential) (graph.Organization, error) {
	return graph.Organization{Name: "Contoso"}, nil
}

func (c tenant) SubscribedSkus(context.Context, azcore.TokenCredential) ([]graph.Sku, error) {
	return c.skus, c.err
}

func TestRun(t *testing.T) {
	t.Parallel()
	sku := func(status string, consumed, enabled int) graph.Sku {
		return graph.Sku{SkuID: "ABC", Name: "SPB", Status: status, Consumed: consumed, Prepaid: graph.Prepaid{Enabled: enabled}}
	}
	const state, overuse = "licence_state|abc", "licence_overuse|abc"
	for _, tt := range []struct {
		name string
		sku  graph.Sku
		want map[string]sam.Severity
	}{
		{"in order", sku("Enabled", 5, 5), nil},
		{"overused", sku("Enabled", 6, 5), map[string]sam.Severity{overuse: sam.Medium}},
		{"about to lapse", sku("Warning", 0, 0), map[string]sam.Severity{state: sam.Medium}},
		{"suspended in use", sku("Suspended", 5, 0), map[string]sam.Severity{state: sam.High, overuse: sam.Medium}},
		{"locked out", sku("LockedOut", 0, 0), map[string]sam.Severity{state: sam.High}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, err := directory.Task{Graph: tenant{skus: []graph.Sku{tt.sku}}}.Run(t.Context(), jobs.Visit{})
			if err != nil || len(res.Findings) != len(tt.want) {
				t.Fatalf("got %+v, %v", res.Findings, err)
			}
			for _, f := range res.Findings {
				if f.Severity != tt.want[f.Key] || f.Title == "" || f.Detail == "" {
					t.Errorf("finding %+v", f)
				}
			}
			if doc, ok := res.Document.(directory.Document); !ok || doc.Organization.Name != "Contoso" || len(doc.Licences) != 1 {
				t.Errorf("document %+v", res.Document)
			}
		})
	}
}

func TestRefusalEndsTheTask(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	if res, err := (directory.Task{Graph: tenant{err: boom}}).Run(t.Context(), jobs.Visit{}); !errors.Is(err, boom) || res.Document != nil {
		t.Errorf("got %+v, %v", res, err)
	}
}
