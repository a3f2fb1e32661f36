package arm

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// The availability states; Unknown is not a complaint, the platform has only
// lost sight.
const (
	Available   = "Available"
	Unavailable = "Unavailable"
	Degraded    = "Degraded"
)

// Status is the health of one resource.
type Status struct {
	Resource string    `json:"resource"` // ARM id, as upstream spells it
	State    string    `json:"state"`
	Since    time.Time `json:"since"` // of the state; zero if unknown
	Title    string    `json:"title,omitempty"`
	Summary  string    `json:"summary,omitempty"`
	Reason   string    `json:"reason,omitempty"` // Unplanned, Planned, UserInitiated, …
}

// Unhealthy reports whether a person should know.
func (s Status) Unhealthy() bool {
	return strings.EqualFold(s.State, Unavailable) || strings.EqualFold(s.State, Degraded)
}

// healthQuestion asks for states and, in the same breath, for the annotations
// that say why: Resource Graph keeps them apart.
const healthQuestion = `healthresources
| where type in~ ('microsoft.resourcehealth/availabilitystatuses', 'microsoft.resourcehealth/resourceannotations')
| project id, type, properties`

// healthVersion of the fallback list.
const healthVersion = "2025-05-01"

// Health lists the health of every resource that Resource Health covers.
func (c *Client) Health(ctx context.Context, cred azcore.TokenCredential, subscriptions []string) (View[Status], error) {
	s := c.begin(cred, "read resource health")
	return view(s, subscriptions,
		func() ([]Status, error) {
			rows, err := ask[statusRow](ctx, s, healthQuestion, subscriptions)
			return annotated(rows), err
		},
		func(subscription string) ([]Status, error) {
			rows, err := list[statusRow](ctx, s,
				"/subscriptions/"+url.PathEscape(subscription)+"/providers/Microsoft.ResourceHealth/availabilityStatuses",
				url.Values{"api-version": {healthVersion}})
			return statuses(rows), err
		})
}

// statusRow is one availability status in the spelling of Resource Graph and
// of every api-version of the list.
type statusRow struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Properties struct {
		State      string `json:"availabilityState"`
		Target     string `json:"targetResourceId"` // Resource Graph only
		Title      string `json:"title"`
		Summary    string `json:"summary"`
		ReasonType string `json:"reasonType"`
		Reason     string `json:"reason"`       // of an annotation
		SinceOneR  moment `json:"occuredTime"`  // lists, to this day
		SinceTwoR  moment `json:"occurredTime"` // Resource Graph, older lists
	} `json:"properties"`
}

// annotated joins the annotations of Resource Graph's answer to the states
// they explain; what is healthy needs no explanation.
func annotated(rows []statusRow) []Status {
	var states []statusRow
	notes := map[string]statusRow{}
	for _, r := range rows {
		if strings.HasSuffix(strings.ToLower(r.Type), "/resourceannotations") {
			notes[strings.ToLower(r.Properties.Target)] = r
		} else {
			states = append(states, r)
		}
	}
	all := statuses(states)
	for i, s := range all {
		note, known := notes[strings.ToLower(s.Resource)]
		if known && s.Unhealthy() {
			all[i].Summary, all[i].Reason = note.Properties.Summary, note.Properties.Reason
		}
	}
	return all
}

func statuses(rows []statusRow) []Status {
	all := make([]Status, 0, len(rows))
	for _, r := range rows {
		p := r.Properties
		since := time.Time(p.SinceOneR)
		if since.IsZero() {
			since = time.Time(p.SinceTwoR)
		}
		resource := p.Target
		if resource == "" {
			resource = healthTarget(r.ID)
		}
		all = append(all, Status{
			Resource: resource, State: p.State, Since: since,
			Title: p.Title, Summary: p.Summary, Reason: p.ReasonType,
		})
	}
	return all
}

// healthSuffix begins the part of a status id that is about the status. What
// follows is spelled in more than one way upstream and is never looked at.
const healthSuffix = "/providers/microsoft.resourcehealth/"

// healthTarget is the resource a status id is about.
func healthTarget(id string) string {
	if i := strings.LastIndex(strings.ToLower(id), healthSuffix); i >= 0 && len(strings.ToLower(id)) == len(id) {
		return id[:i]
	}
	return id
}

// moment is a time that is zero when upstream wrote something odd: one strange
// date must not hide a customer's health.
type moment time.Time

// UnmarshalJSON never fails.
func (m *moment) UnmarshalJSON(raw []byte) error {
	at, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(raw))
	if err == nil {
		*m = moment(at.UTC())
	}
	return nil
}
