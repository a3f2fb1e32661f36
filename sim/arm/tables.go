package arm

import (
	"strings"

	"github.com/samkeeper/samkeeper/sim/arm/kql"
	"github.com/samkeeper/samkeeper/sim/world"
)

// columns every table of Resource Graph has; resources has some more.
var (
	commonColumns = []string{"id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"}
)

// table builds the rows of a table over the subscriptions.
func (s *Service) table(c call, name string, subs []*world.Subscription) ([]string, []kql.Row, bool) {
	rowsOf, known := map[string]func(call, *world.Subscription) []kql.Row{
		"resources":                 resourceRows,
		"resourcecontainers":        containerRows,
		"healthresources":           healthRows,
		"servicehealthresources":    eventRows,
		"alertsmanagementresources": alertRows,
	}[name]
	if !known {
		return nil, nil, false
	}
	rows := []kql.Row{}
	for _, sub := range subs {
		rows = append(rows, rowsOf(c, sub)...)
	}
	return commonColumns, rows, true
}

// row is a row of any table; type and group are in lower case there.
func row(c call, s *world.Subscription, id, name, kind, location, group string, properties map[string]any) kql.Row {
	return kql.Row{
		"id": id, "name": name, "type": strings.ToLower(kind), "tenantId": c.owners[s.ID], "kind": "", "location": location,
		"resourceGroup": strings.ToLower(group), "subscriptionId": s.ID, "managedBy": "", "sku": nil, "plan": nil,
		"properties": properties, "tags": nil, "identity": nil, "zones": nil, "extendedLocation": nil,
	}
}

func resourceRows(c call, s *world.Subscription) []kql.Row {
	rows := make([]kql.Row, len(s.Resources))
	for i, r := range s.Resources {
		rows[i] = row(c, s, s.ResourcePath(r), r.Name, r.Type, r.Location, r.Group, map[string]any{"provisioningState": "Succeeded"})
		rows[i]["kind"] = strings.ToLower(r.Kind)
	}
	return rows
}

// containerRows are the subscription and its groups.
func containerRows(c call, s *world.Subscription) []kql.Row {
	rows := []kql.Row{row(c, s, s.Path(), s.Name, "microsoft.resources/subscriptions", "", "", map[string]any{
		"state": s.State, "managedByTenants": []any{},
		"subscriptionPolicies": map[string]any{"locationPlacementId": "Public_2014-09-01", "quotaId": s.QuotaID, "spendingLimit": "Off"},
	})}
	for _, g := range s.Groups {
		rows = append(rows, row(c, s, s.GroupPath(g.Name), g.Name, "microsoft.resources/subscriptions/resourcegroups", g.Location, g.Name,
			map[string]any{"provisioningState": "Succeeded"}))
	}
	return rows
}

// healthRows are a status per covered resource, and an annotation for each
// that is not well.
func healthRows(c call, s *world.Subscription) []kql.Row {
	rows := make([]kql.Row, 0, len(s.Resources))
	for _, r := range s.Resources {
		h := r.Health
		if h == nil {
			continue
		}
		id, kind, at := s.ResourcePath(r), strings.ToLower(r.Type), h.Occurred.Format(sevenDigits)
		rows = append(rows, row(c, s, id+"/providers/Microsoft.ResourceHealth/availabilityStatuses/current", "current",
			"microsoft.resourcehealth/availabilitystatuses", r.Location, r.Group, map[string]any{
				"targetResourceId": id, "targetResourceType": kind, "availabilityState": h.State,
				"previousAvailabilityState": h.Previous, "occurredTime": at,
			}))
		if !h.Unhealthy() {
			continue
		}
		rows = append(rows, row(c, s, id+"/providers/Microsoft.ResourceHealth/resourceAnnotations/current", "current",
			"microsoft.resourcehealth/resourceannotations", r.Location, r.Group, map[string]any{
				"targetResourceId": id, "targetResourceType": kind, "annotationName": h.Reason, "reason": h.ReasonType,
				"summary": h.Summary, "context": healthContext(h), "category": healthCategory(h), "occurredTime": at,
			}))
	}
	return rows
}

func eventRows(c call, s *world.Subscription) []kql.Row {
	rows := make([]kql.Row, len(s.Events))
	for i, e := range s.Events {
		d := describeEvent(s, e)
		id, _ := d["id"].(string)
		properties, _ := d["properties"].(map[string]any)
		rows[i] = row(c, s, id, e.TrackingID, "microsoft.resourcehealth/events", "", "", plainMap(properties))
	}
	return rows
}

func alertRows(c call, s *world.Subscription) []kql.Row {
	var rows []kql.Row
	for _, a := range s.Alerts {
		if !a.Kept(c.now) {
			continue
		}
		d := describeAlert(s, a)
		rows = append(rows, row(c, s, d.ID, d.Name, "microsoft.alertsmanagement/alerts", "", a.TargetGroup, plainMap(d.Properties)))
	}
	return rows
}
