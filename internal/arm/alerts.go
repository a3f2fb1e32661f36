package arm

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/google/uuid"
)

// Alert is one alert instance of Azure Monitor that has fired and is neither
// resolved nor closed by a person.
type Alert struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"` // of the rule, without its path
	Severity string    `json:"severity"`
	State    string    `json:"state"` // New, Acknowledged
	Service  string    `json:"service"`
	Target   string    `json:"target"` // ARM id
	Detail   string    `json:"detail,omitempty"`
	Started  time.Time `json:"started"` // zero if unknown
}

const alertQuestion = `alertsmanagementresources
| where type =~ 'microsoft.alertsmanagement/alerts'
| where properties.essentials.monitorCondition =~ 'Fired'
| where properties.essentials.alertState !~ 'Closed'
| project id, name, properties`

// alertVersion of the fallback list.
const alertVersion = "2019-05-05-preview"

// FiredAlerts lists the alerts that are on now, of the thirty days for which
// Azure keeps them.
func (c *Client) FiredAlerts(ctx context.Context, cred azcore.TokenCredential, subscriptions []string) (View[Alert], error) {
	s := c.begin(cred, "list fired alerts")
	return view(s, subscriptions,
		func() ([]Alert, error) {
			rows, err := ask[alertRow](ctx, s, alertQuestion, subscriptions)
			return firedAlerts(rows), err
		},
		func(subscription string) ([]Alert, error) {
			rows, err := list[alertRow](ctx, s,
				"/subscriptions/"+url.PathEscape(subscription)+"/providers/Microsoft.AlertsManagement/alerts",
				url.Values{
					"api-version": {alertVersion}, "monitorCondition": {"Fired"},
					"timeRange": {"30d"}, "pageCount": {"250"},
				})
			return firedAlerts(rows), err
		})
}

// alertRow is one alert as both sources spell it.
type alertRow struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		Essentials struct {
			Severity    string `json:"severity"`
			State       string `json:"alertState"`
			Condition   string `json:"monitorCondition"`
			Service     string `json:"monitorService"`
			Target      string `json:"targetResource"`
			Rule        string `json:"alertRule"`
			Description string `json:"description"`
			Started     moment `json:"startDateTime"`
		} `json:"essentials"`
	} `json:"properties"`
}

// firedAlerts checks the condition again: the list's filter knows the
// condition but not the state.
func firedAlerts(rows []alertRow) []Alert {
	fired := []Alert{}
	for _, r := range rows {
		e := r.Properties.Essentials
		if !strings.EqualFold(e.Condition, "Fired") || strings.EqualFold(e.State, "Closed") {
			continue
		}
		fired = append(fired, Alert{
			ID: r.ID, Name: ruleName(e.Rule, r.Name), Severity: e.Severity, State: e.State,
			Service: e.Service, Target: e.Target, Detail: e.Description, Started: time.Time(e.Started),
		})
	}
	return fired
}

// ruleName is what to call an alert: its own name where that is one, else the
// last segment of its rule's ARM id, else whatever the rule is called.
func ruleName(rule, name string) string {
	if _, err := uuid.Parse(name); err != nil && name != "" {
		return name
	}
	if strings.HasPrefix(rule, "/") {
		return rule[strings.LastIndex(rule, "/")+1:]
	}
	return rule
}
