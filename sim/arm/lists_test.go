package arm_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/shape"
	"github.com/samkeeper/samkeeper/sim/world"
)

// withEvents is a subscription that has every kind of row.
func withEvents(t *testing.T, b bench) (*world.Customer, *world.Subscription) {
	t.Helper()
	for _, c := range b.world.Customers() {
		for _, s := range c.Subscriptions {
			signals := map[string]bool{}
			for _, a := range s.Alerts {
				signals[a.SignalType] = true
			}
			if len(s.Events) > 0 && len(signals) == 3 && len(s.ClassicRules) > 0 && !s.Events[0].Mitigated.IsZero() {
				return c, s
			}
		}
	}
	t.Fatal("the seed has no subscription with every kind of row")
	return nil, nil
}

// freeForm are members of maps that users fill as they like.
var freeForm = regexp.MustCompile(`\.(tags|webHookProperties|webhookProperties)\.`)

func TestListsAgreeWithPublished(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 300)
	b.service.Set(func(d *arm.Dials) { d.PageSize = 1000 })
	c, s := withEvents(t, b)
	health := s.Path() + "/providers/Microsoft.ResourceHealth/"
	for name, row := range map[string]struct {
		files []string
		path  string
		known []string
	}{
		"subscriptions": {[]string{"arm-subscriptions/subscriptions_list_2022-12-01.json"}, "/subscriptions" + v, []string{
			"nextLink: missing", "value[].tags: missing", // only when there is something to say
		}},
		"tenants": {[]string{"arm-subscriptions/tenants_list_2022-12-01.json"}, "/tenants" + v, []string{"nextLink: missing"}},
		"groups":  {[]string{"arm-subscriptions/resourcegroups_list_recorded_2021-04-01.json"}, s.Path() + "/resourcegroups" + v, nil},
		"resources": {[]string{"arm-subscriptions/resources_list_recorded_2021-04-01.json"}, s.Path() + "/resources" + v, []string{
			"value[].kind: missing", "value[].sku: missing", // by type; the recording holds one storage account
		}},
		"health": {[]string{
			"arm-resourcehealth/availabilitystatuses_list_by_subscription_2025-05-01.json",
			"arm-resourcehealth/availabilitystatuses_list_by_resourcegroup_2025-05-01.json",
		}, health + "availabilityStatuses?api-version=2025-05-01&$expand=recommendedactions", []string{
			"nextLink: missing", "value[].properties.recommendedActions: missing", // of the unhealthy only
		}},
		"health of 2015": {[]string{"arm-resourcehealth/availabilitystatuses_list_by_subscription_2015-01-01.json"},
			health + "availabilityStatuses?api-version=2015-01-01", []string{
				"nextLink: missing", "value[].properties.recommendedActions: missing",
				"value[].properties.category: unknown", "value[].properties.context: unknown", // later members, harmless
			}},
		"alerts": {[]string{"arm-alertsmanagement/alerts_list_2019-05-05-preview.json"},
			s.Path() + "/providers/Microsoft.AlertsManagement/alerts?api-version=2019-05-05-preview&timeRange=30d&includeContext=true&includeEgressConfig=true", []string{
				"nextLink: missing", "value[].properties.essentials.monitorConditionResolvedDateTime: missing", // of the resolved only
				"value[].properties.context.AlertRuleName: unknown", "value[].properties.context.AlertType: unknown",
				"value[].properties.egressConfig.displayConfig: unknown",
			}},
		"metric alerts": {[]string{"arm-monitor/metricalerts_list_2018-03-01.json"}, s.Path() + "/providers/Microsoft.Insights/metricAlerts?api-version=2018-03-01", []string{
			// the example leaves the name out, and members that may be left out
			"value[].name: unknown", "value[].properties.autoMitigate: unknown", "value[].properties.targetResourceType: unknown",
		}},
		"activity log alerts": {[]string{"arm-monitor/activitylogalerts_list_by_subscription_2020-10-01.json"}, s.Path() + "/providers/Microsoft.Insights/activityLogAlerts?api-version=2020-10-01", nil},
		"classic rules": {[]string{"arm-monitor/alertrules_list_by_subscription_2016-03-01.json"}, s.Path() + "/providers/microsoft.insights/alertrules?api-version=2016-03-01", []string{
			// both are in what the service once answered
			"value[].properties.action: unknown", "value[].properties.provisioningState: unknown",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var published []any
			for _, file := range row.files {
				published = append(published, shape.Published(t, file))
			}
			got := b.get(t, row.path, c.TenantID)
			known := slices.Clone(row.known)
			for _, line := range shape.Of(published...).Differences(shape.Decode(t, got.body)) {
				if freeForm.MatchString(line) {
					known = append(known, line)
				}
			}
			shape.Agree(t, shape.Of(published...), shape.Decode(t, got.body), known...)
		})
	}
}

func TestErrorAgreesWithPublished(t *testing.T) {
	t.Parallel()
	form := shape.Of(shape.Published(t, "arm-subscriptions/error_resourcegroupnotfound_recorded.json"))
	b := set(t, world.Shares{}, 1)
	c := b.customer(0)
	shape.Agree(t, form, shape.Decode(t, b.get(t, c.Subscriptions[0].Path()+"/resourcegroups/xTestResource3124"+v, c.TenantID).body))
}

// earlier are members of earlier versions and of Resource Graph.
var earlier = regexp.MustCompile(`properties\.(trackingId|platformInitiated): unknown$`)

// An event of ours says less than a published one, but nothing else.
func TestEventsAgreeWithPublished(t *testing.T) {
	t.Parallel()
	form := shape.Of(
		shape.Published(t, "arm-resourcehealth/events_list_by_subscription_2025-05-01.json"),
		shape.Published(t, "arm-resourcehealth/events_list_by_subscription_2024-02-01.json"),
	)
	b := set(t, troubled, 300)
	c, s := withEvents(t, b)
	got := b.get(t, s.Path()+"/providers/Microsoft.ResourceHealth/events?api-version=2025-05-01", c.TenantID)
	for _, line := range form.Differences(shape.Decode(t, got.body)) {
		if !strings.HasSuffix(line, ": missing") && !earlier.MatchString(line) {
			t.Errorf("differs from the published payload: %s", line)
		}
	}
	properties, _ := got.rows(t)[0]["properties"].(map[string]any)
	for _, name := range []string{"eventType", "status", "title", "summary", "impactStartTime", "impactMitigationTime", "impact", "lastUpdateTime"} {
		if properties[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestIncidentsAgreeWithPublished(t *testing.T) {
	t.Parallel()
	form := shape.Of(shape.Published(t, "arm-monitor/alertruleincidents_get_2016-03-01.json"))
	b := set(t, troubled, 300)
	c, s := withEvents(t, b)
	rule := s.ClassicRules[0]
	list := b.get(t, s.GroupPath(rule.Group)+"/providers/microsoft.insights/alertrules/"+url.PathEscape(rule.Name)+"/incidents?api-version=2016-03-01", c.TenantID)
	rows := list.rows(t)
	if len(rows) != len(rule.Incidents) {
		t.Fatalf("%d incidents, want %d: %s", len(rows), len(rule.Incidents), list.body)
	}
	id, _ := rows[0]["id"].(string)
	one := b.get(t, s.GroupPath(rule.Group)+"/providers/microsoft.insights/alertrules/"+url.PathEscape(rule.Name)+"/incidents/"+url.PathEscape(id)+"?api-version=2016-03-01", c.TenantID)
	shape.Agree(t, form, shape.Decode(t, one.body), "id: unknown", "legacyResourceId: unknown", "targetResourceId: unknown", "targetResourceLocation: unknown")
}

// The id of an incident is the rule's id with its name escaped, and the .NET
// ticks of its activation, in base64.
func TestIncidentID(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	activated := time.Date(2017, 11, 2, 12, 49, 27, 283082600, time.UTC)
	b.world.Mutate(b.customer(0).TenantID, func(c *world.Customer) {
		c.Subscriptions[0].ClassicRules = []world.ClassicRule{{
			Name: "No runs", Group: c.Subscriptions[0].Groups[0].Name, Incidents: []world.Incident{{Activated: activated}},
		}}
	})
	c := b.customer(0)
	s := c.Subscriptions[0]
	got := b.get(t, s.GroupPath(s.Groups[0].Name)+"/providers/microsoft.insights/alertrules/No%20runs/incidents?api-version=2016-03-01", c.TenantID)
	row := got.rows(t)[0]
	id, _ := row["id"].(string)
	raw, err := base64.StdEncoding.DecodeString(id)
	want := s.GroupPath(s.Groups[0].Name) + "/providers/microsoft.insights/alertrules/No%20runs0636452237672830826"
	if err != nil || string(raw) != want {
		t.Errorf("id is %q, %v; want %q", raw, err, want)
	}
	if row["activatedTime"] != "2017-11-02T12:49:27.2830826+00:00" || row["isActive"] != true || row["resolvedTime"] != nil {
		t.Errorf("incident %v", row)
	}
}

func TestHealthLists(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 40)
	typos, all := 0, 0
	for _, c := range b.world.Customers() {
		for _, s := range c.Subscriptions {
			want := map[string]string{}
			for _, r := range s.Resources {
				if r.Health != nil {
					want[s.ResourcePath(r)] = r.Health.State
				}
			}
			b.service.Set(func(d *arm.Dials) { d.PageSize = 3 })
			next := b.server.URL + s.Path() + "/providers/Microsoft.ResourceHealth/availabilityStatuses?api-version=2025-05-01"
			for next != "" {
				got := b.get(t, next, c.TenantID)
				for _, row := range got.rows(t) {
					id, _ := row["id"].(string)
					path, word, _ := strings.Cut(id, "/providers/Microsoft.ResourceHealth/")
					p, _ := row["properties"].(map[string]any)
					if want[path] != p["availabilityState"] || p["occuredTime"] == "" {
						t.Errorf("%s: %v, want %s", path, p, want[path])
					}
					delete(want, path)
					all++
					if word == "AvailabilityStatueses/current" {
						typos++
					}
				}
				var l struct{ NextLink string }
				if err := json.Unmarshal(got.body, &l); err != nil {
					t.Fatal(err)
				}
				next = l.NextLink
			}
			if len(want) != 0 {
				t.Errorf("not listed: %v", want)
			}
		}
	}
	if typos == 0 || typos*3 > all {
		t.Errorf("%d of %d ids have the typo", typos, all)
	}
}

func TestHealthOfOneResource(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 1)
	c := b.customer(0)
	for _, s := range c.Subscriptions {
		for _, r := range s.Resources {
			got := b.get(t, s.ResourcePath(r)+"/providers/Microsoft.ResourceHealth/availabilityStatuses/current?api-version=2025-05-01", c.TenantID)
			if want := map[bool]int{true: 200, false: 404}[r.Health != nil]; got.status != want {
				t.Errorf("%s: HTTP %d, want %d: %s", s.ResourcePath(r), got.status, want, got.body)
			}
			if r.Health != nil && !strings.Contains(string(got.body), fmt.Sprintf(`"availabilityState":%q`, r.Health.State)) {
				t.Errorf("%s: %s", s.ResourcePath(r), got.body)
			}
		}
	}
}

func TestAlertFilters(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	b.world.Mutate(b.customer(0).TenantID, func(c *world.Customer) {
		alert := func(id, condition, state string, age time.Duration) world.Alert {
			return world.Alert{ID: id, Rule: "r", Severity: "Sev" + id, SignalType: "Metric", Service: "Platform", Condition: condition, State: state,
				TargetGroup: "rg-prod", Target: "/t" + id, Started: start.Add(-age), Modified: start.Add(-age)}
		}
		c.Subscriptions[0].Alerts = []world.Alert{
			alert("0", "Fired", "New", 10*time.Minute), alert("1", "Fired", "Acknowledged", 5*time.Hour), alert("2", "Resolved", "Closed", 3*24*time.Hour),
			alert("3", "Fired", "Closed", 20*24*time.Hour), alert("4", "Fired", "New", 40*24*time.Hour),
		}
	})
	c := b.customer(0)
	for query, want := range map[string]string{
		"":                                       "01",
		"timeRange=1h":                           "0",
		"timeRange=7d":                           "012",
		"timeRange=30d":                          "0123",
		"timeRange=30d&alertState=New":           "0",
		"timeRange=30d&alertState=Closed":        "23",
		"timeRange=30d&monitorCondition=Fired":   "013",
		"timeRange=30d&severity=Sev2":            "2",
		"timeRange=30d&targetResource=/T3":       "3",
		"timeRange=30d&targetResourceGroup=none": "",
		"timeRange=30d&monitorService=Platform&pageCount=2": "01",
	} {
		got := b.get(t, c.Subscriptions[0].Path()+"/providers/Microsoft.AlertsManagement/alerts?api-version=2019-05-05-preview&"+query, c.TenantID)
		ids := ""
		for _, row := range got.rows(t) {
			id, _ := row["id"].(string)
			ids += id[len(id)-1:]
		}
		if ids != want {
			t.Errorf("%q: alerts %q, want %q", query, ids, want)
		}
		if paged := strings.Contains(string(got.body), "ctoken="); paged != strings.Contains(query, "pageCount") {
			t.Errorf("%q: next link %v: %s", query, paged, got.body)
		}
	}
}
