package alerts_test

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/alerts"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// azure has one alert and one active classic rule.
type azure struct{}

func (azure) Subscriptions(context.Context, azcore.TokenCredential) ([]arm.Subscription, error) {
	return []arm.Subscription{{ID: "A"}}, nil
}

func (azure) FiredAlerts(context.Context, azcore.TokenCredential, []string) (arm.View[arm.Alert], error) {
	return arm.View[arm.Alert]{Items: []arm.Alert{{ID: "/A/Alerts/1", Name: "cpu", Severity: "Sev0"}}}, nil
}

func (azure) ClassicAlerts(context.Context, azcore.TokenCredential, string) ([]arm.ClassicRule, error) {
	return []arm.ClassicRule{{ID: "/A/Rules/No runs", Name: "No runs"}}, nil
}

func TestClassicIsAnOption(t *testing.T) {
	t.Parallel()
	for name, classic := range map[string]bool{"off": false, "on": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := alerts.Task{Azure: azure{}, Classic: classic}.Run(t.Context(), jobs.Visit{})
			if err != nil {
				t.Fatal(err)
			}
			keys := map[string]bool{}
			for _, f := range res.Findings {
				keys[f.Key] = true
			}
			if !keys["alert_fired|/a/alerts/1"] || keys["classic_alert|/a/rules/no runs"] != classic {
				t.Errorf("findings %+v", res.Findings)
			}
		})
	}
}

func TestSeverity(t *testing.T) {
	t.Parallel()
	for sev, want := range map[string]sam.Severity{
		"Sev0": sam.Critical, "sev1": sam.High, "Sev2": sam.Medium, "Sev3": sam.Low, "Sev4": sam.Low, "": sam.Medium,
	} {
		got := alerts.Findings(alerts.Document{Alerts: arm.View[arm.Alert]{Items: []arm.Alert{{Severity: sev}}}})
		if len(got) != 1 || got[0].Severity != want {
			t.Errorf("%q: got %+v", sev, got)
		}
	}
}
