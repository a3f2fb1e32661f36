package health_test

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/jobs/health"
	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestFindings(t *testing.T) {
	t.Parallel()
	const vm = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/VM1"
	since := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		status arm.Status
		want   sam.Severity // "" for no finding
		detail string
	}{
		{"available", arm.Status{State: "Available"}, "", ""},
		{"unknown", arm.Status{State: "Unknown"}, "", ""},
		{"unavailable", arm.Status{State: "Unavailable", Summary: "Broken."}, sam.High, "Broken."},
		{"lower case", arm.Status{State: "unavailable", Title: "T"}, sam.High, "T"},
		{"degraded", arm.Status{State: "Degraded"}, sam.Medium, ""},
		{"stopped by its owner", arm.Status{State: "Unavailable", Reason: "UserInitiated"}, sam.Low, ""},
		{"stopped by its owner, spelled apart", arm.Status{State: "Unavailable", Reason: "User Initiated"}, sam.Low, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.status.Resource, tt.status.Since = vm, since
			got := health.Findings([]arm.Status{tt.status})
			if tt.want == "" {
				if len(got) != 0 {
					t.Errorf("got %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Severity != tt.want || got[0].Detail != tt.detail || got[0].Resource != vm || !got[0].Since.Equal(since) ||
				got[0].Key != "resource_unhealthy|/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm1" {
				t.Errorf("got %+v", got)
			}
		})
	}
}
