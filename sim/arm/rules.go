package arm

import (
	"slices"
	"strings"

	"github.com/samkeeper/samkeeper/sim/world"
)

// ruleRows makes one row per rule of the signal type that has raised an alert
// in scope; a rule's name is unique in its group.
func ruleRows(c call, signal string, row func(world.Alert) map[string]any) (any, error) {
	var rules []world.Alert
	for _, a := range c.subscription.Alerts {
		same := func(b world.Alert) bool { return a.Rule == b.Rule && a.TargetGroup == b.TargetGroup }
		if a.SignalType == signal && c.inGroup(a.TargetGroup) && !slices.ContainsFunc(rules, same) {
			rules = append(rules, a)
		}
	}
	return paged(c, len(rules), 1000, "$skipToken", func(i int) any { return row(rules[i]) })
}

func ruleFrame(c call, a world.Alert, kind, location string, properties map[string]any) map[string]any {
	provider := "/providers/microsoft.insights/" + kind + "/"
	return map[string]any{
		"id": c.subscription.GroupPath(a.TargetGroup) + provider + a.Rule, "name": a.Rule,
		"type": "Microsoft.Insights/" + kind, "location": location, "tags": map[string]string{}, "properties": properties,
	}
}

func (s *Service) metricAlerts(c call) (any, error) {
	return ruleRows(c, "Metric", func(a world.Alert) map[string]any {
		return ruleFrame(c, a, "metricAlerts", "global", map[string]any{
			"description": a.Description, "severity": int(a.Severity[len(a.Severity)-1] - '0'), "enabled": true,
			"scopes": []string{a.Target}, "evaluationFrequency": "PT1M", "windowSize": "PT5M",
			"targetResourceType": a.TargetType, "autoMitigate": true,
			"criteria": map[string]any{
				"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
				"allOf": []any{map[string]any{
					"criterionType": "StaticThresholdCriterion", "name": "cond0", "metricName": "Percentage CPU",
					"dimensions": []any{}, "operator": "GreaterThan", "threshold": 95.0, "timeAggregation": "Average",
				}},
			},
			"actions": []any{map[string]any{"actionGroupId": actionGroup(c, a), "webHookProperties": map[string]string{}}},
		})
	})
}

func actionGroup(c call, a world.Alert) string {
	return c.subscription.GroupPath(a.TargetGroup) + "/providers/microsoft.insights/actionGroups/operations"
}

func (s *Service) activityLogAlerts(c call) (any, error) {
	return ruleRows(c, "Unknown", func(a world.Alert) map[string]any {
		return ruleFrame(c, a, "ActivityLogAlerts", "Global", map[string]any{
			"scopes": []string{c.subscription.Path()}, "enabled": true, "description": a.Description,
			"condition": map[string]any{"allOf": []any{map[string]any{"field": "category", "equals": "ResourceHealth"}}},
			"actions": map[string]any{"actionGroups": []any{
				map[string]any{"actionGroupId": actionGroup(c, a), "webhookProperties": map[string]string{}},
			}},
		})
	})
}

func (s *Service) scheduledQueryRules(c call) (any, error) {
	return ruleRows(c, "Log", func(a world.Alert) map[string]any {
		return ruleFrame(c, a, "scheduledQueryRules", c.region(a.Target), map[string]any{
			"description": a.Description, "severity": int(a.Severity[len(a.Severity)-1] - '0'), "enabled": true,
			"scopes": []string{a.Target}, "evaluationFrequency": "PT15M", "windowSize": "PT15M", "autoMitigate": true,
			"criteria": map[string]any{"allOf": []any{map[string]any{
				"query": "SigninLogs | where ResultType != 0", "timeAggregation": "Count", "dimensions": []any{},
				"operator": "GreaterThan", "threshold": 50.0,
				"failingPeriods": map[string]any{"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
			}}},
			"actions": map[string]any{"actionGroups": []string{actionGroup(c, a)}, "customProperties": map[string]string{}},
		})
	})
}

// region is where a resource is.
func (c call) region(path string) string {
	for _, r := range c.subscription.Resources {
		if strings.EqualFold(c.subscription.ResourcePath(r), path) {
			return r.Location
		}
	}
	return "westeurope"
}
