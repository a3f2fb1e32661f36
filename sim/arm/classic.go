package arm

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// casePreserved is the tag that classic rules carried along.
const casePreserved = "Microsoft.WindowsAzure.Management.Common.Storage.CasePreservedDictionary, Microsoft.WindowsAzure.Management.Common.Storage"

// classicRules lists the classic metric alert rules; there is no next link.
func (s *Service) classicRules(c call) (any, error) {
	rows := []any{}
	for _, r := range c.subscription.ClassicRules {
		if c.inGroup(r.Group) {
			rows = append(rows, describeClassic(c.subscription, r))
		}
	}
	return list{Value: rows}, nil
}

func describeClassic(s *world.Subscription, r world.ClassicRule) map[string]any {
	return map[string]any{
		"id": s.RulePath(r), "name": r.Name, "type": "Microsoft.Insights/alertRules", "location": r.Location,
		"tags": map[string]string{"$type": casePreserved, "hidden-link:" + r.Target: "Resource"},
		"properties": map[string]any{
			"name": r.Name, "description": r.Metric + " " + r.Operator, "isEnabled": r.Enabled,
			"condition": map[string]any{
				"odata.type": "Microsoft.Azure.Management.Insights.Models.ThresholdRuleCondition",
				"dataSource": map[string]any{
					"odata.type":  "Microsoft.Azure.Management.Insights.Models.RuleMetricDataSource",
					"resourceUri": r.Target, "metricName": r.Metric,
				},
				"operator": r.Operator, "threshold": r.Threshold, "windowSize": r.Window, "timeAggregation": "Average",
			},
			"action": nil,
			"actions": []any{map[string]any{
				"odata.type":          "Microsoft.Azure.Management.Insights.Models.RuleEmailAction",
				"sendToServiceOwners": true, "customEmails": []string{},
			}},
			"lastUpdatedTime": r.Updated.Format(sevenDigits), "provisioningState": "Succeeded",
		},
	}
}

// classicRule answers for {rule}, {rule}/incidents and {rule}/incidents/{id}.
func (s *Service) classicRule(c call, path []string) (any, error) {
	for _, r := range c.subscription.ClassicRules {
		if !c.inGroup(r.Group) || !strings.EqualFold(r.Name, path[0]) {
			continue
		}
		switch {
		case len(path) == 1:
			return describeClassic(c.subscription, r), nil
		case len(path) >= 2 && !strings.EqualFold(path[1], "incidents"), len(path) > 3:
		case len(path) == 2:
			return list{Value: incidents(c.subscription, r)}, nil
		default:
			for _, in := range r.Incidents {
				if d := describeIncident(c.subscription, r, in); d.ID == path[2] {
					return d, nil
				}
			}
		}
	}
	return nil, deny(http.StatusNotFound, "ResourceNotFound", "The alert rule or incident '%s' could not be found.", strings.Join(path, "/"))
}

// incident is one activation. The last three are null in all that was seen.
type incident struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	RuleName       string  `json:"ruleName"`
	IsActive       bool    `json:"isActive"`
	Activated      string  `json:"activatedTime"`
	Resolved       *string `json:"resolvedTime"`
	Target         *string `json:"targetResourceId"`
	TargetLocation *string `json:"targetResourceLocation"`
	Legacy         *string `json:"legacyResourceId"`
}

func incidents(s *world.Subscription, r world.ClassicRule) []any {
	rows := []any{}
	for _, in := range r.Incidents {
		rows = append(rows, describeIncident(s, r, in))
	}
	return rows
}

func describeIncident(s *world.Subscription, r world.ClassicRule, in world.Incident) incident {
	const format = "2006-01-02T15:04:05.0000000-07:00"
	id := incidentID(s, r, in)
	d := incident{ID: id, Name: id, RuleName: s.RulePath(r), IsActive: in.Resolved.IsZero(), Activated: in.Activated.UTC().Format(format)}
	if !d.IsActive {
		resolved := in.Resolved.UTC().Format(format)
		d.Resolved = &resolved
	}
	return d
}

// ticksAtUnixEpoch counts 100 ns steps from the year 1 to 1970.
const ticksAtUnixEpoch = 621355968000000000

// ticks is the time as .NET counts it.
func ticks(t time.Time) int64 { return t.UnixNano()/100 + ticksAtUnixEpoch }

// incidentID is the base64 form of the rule's id, its name escaped as in a
// URL, followed by 19 digits of the activation time in .NET ticks.
func incidentID(s *world.Subscription, r world.ClassicRule, in world.Incident) string {
	path := strings.TrimSuffix(s.RulePath(r), r.Name) + url.PathEscape(r.Name)
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%019d", path, ticks(in.Activated)))
}
