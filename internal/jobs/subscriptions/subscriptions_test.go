package subscriptions_test

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/subscriptions"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// azure is a customer with two subscriptions, whose resources may be hidden.
type azure struct{ counting error }

func (azure) Subscriptions(context.Context, azcore.TokenCredential) ([]arm.Subscription, error) {
	return []arm.Subscription{{ID: "A", Name: "Main", State: "Enabled"}, {ID: "B", Name: "Old", State: "Disabled"}}, nil
}

func (a azure) ResourceCounts(context.Context, azcore.TokenCredential, []string) (arm.View[arm.TypeCount], error) {
	return arm.View[arm.TypeCount]{Items: []arm.TypeCount{{Type: "t", Count: 3}}}, a.counting
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		counting error
		fails    bool
		counted  bool
	}{
		{"counted", nil, false, true},
		{"may not be counted", &sam.Problem{Class: sam.ClassCustomer, Reason: sam.NoAzureRBAC, Plain: "No."}, false, false},
		{"throttled while counting", &sam.Problem{Class: sam.ClassRetry}, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, err := subscriptions.Task{Azure: azure{tt.counting}}.Run(t.Context(), jobs.Visit{})
			if tt.fails {
				if err == nil {
					t.Errorf("got %+v", res)
				}
				return
			}
			doc, ok := res.Document.(subscriptions.Document)
			if err != nil || !ok || len(doc.Subscriptions) != 2 || (doc.Resources != nil) != tt.counted || (doc.ResourcesProblem == "") != tt.counted {
				t.Errorf("got %+v, %v", res, err)
			}
			if len(res.Findings) != 1 || res.Findings[0].Key != "subscription_state|b" || res.Findings[0].Severity != sam.High {
				t.Errorf("findings %+v", res.Findings)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]sam.Severity{
		"Enabled": "", "enabled": "", "Warned": sam.Medium, "PastDue": sam.Medium, "Disabled": sam.High, "Deleted": sam.High, "": sam.Medium,
	} {
		var got sam.Severity
		for _, f := range subscriptions.Findings([]arm.Subscription{{ID: "X", State: state}}) {
			got = f.Severity
			if f.Kind != "subscription_state" || f.Key != "subscription_state|x" || f.Resource != "/subscriptions/X" || f.Title == "" {
				t.Errorf("finding %+v", f)
			}
		}
		if got != want {
			t.Errorf("state %q: severity %q, want %q", state, got, want)
		}
	}
}
