package arm

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// classicVersion is the only api-version of classic alert rules.
const classicVersion = "2016-03-01"

// ClassicRule is a classic metric alert rule with an active incident. Classic
// alerts were retired in 2021 (China and US Government: 2024); where they are
// gone, the lists are empty.
type ClassicRule struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Target string    `json:"target,omitempty"`
	Since  time.Time `json:"since"` // of the oldest active incident
}

// ClassicAlerts lists the enabled classic rules of one subscription that have
// an active incident, group by group, as the API demands.
func (c *Client) ClassicAlerts(ctx context.Context, cred azcore.TokenCredential, subscription string) ([]ClassicRule, error) {
	groups, err := c.ResourceGroups(ctx, cred, subscription)
	if err != nil {
		return nil, err
	}
	s := c.begin(cred, "list classic alert rules")
	active := []ClassicRule{}
	for _, g := range groups {
		rules, err := list[classicRow](ctx, s, "/subscriptions/"+url.PathEscape(subscription)+
			"/resourcegroups/"+url.PathEscape(g.Name)+"/providers/microsoft.insights/alertrules",
			url.Values{"api-version": {classicVersion}})
		if err != nil {
			return nil, s.problem(err)
		}
		for _, r := range rules {
			since, on, err := s.incident(ctx, r)
			if err != nil {
				return nil, s.problem(err)
			}
			if on {
				active = append(active, ClassicRule{r.ID, r.Name, r.Properties.Condition.Source.Resource, since})
			}
		}
	}
	return active, nil
}

// classicRow is one rule; the published samples put more into it.
type classicRow struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		Enabled   *bool `json:"isEnabled"`
		Condition struct {
			Source struct {
				Resource string `json:"resourceUri"`
			} `json:"dataSource"`
		} `json:"condition"`
	} `json:"properties"`
}

// incidentRow is one incident. isActive decides: published samples show a
// resolved time beside an active incident.
type incidentRow struct {
	Active    bool   `json:"isActive"`
	Activated moment `json:"activatedTime"`
}

// incident reads the incidents of a rule: since when one is active, if any is.
func (s session) incident(ctx context.Context, r classicRow) (since time.Time, on bool, err error) {
	if r.Properties.Enabled != nil && !*r.Properties.Enabled {
		return time.Time{}, false, nil
	}
	rows, err := list[incidentRow](ctx, s, escapePath(r.ID)+"/incidents", url.Values{"api-version": {classicVersion}})
	for _, i := range rows {
		if !i.Active {
			continue
		}
		at := time.Time(i.Activated)
		if !on || !at.IsZero() && at.Before(since) {
			since = at
		}
		on = true
	}
	return since, on, err
}

// escapePath escapes each segment of an ARM id; names of classic rules hold
// spaces.
func escapePath(id string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
