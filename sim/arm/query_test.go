package arm_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/world"
)

const graphPath = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"

type graphAnswer struct {
	TotalRecords    int
	Count           int
	Data            []map[string]any
	SkipToken       string `json:"$skipToken"`
	ResultTruncated string
	Facets          []any
}

// ask posts a Resource Graph body.
func (b bench) ask(t *testing.T, token string, body map[string]any) (answer, graphAnswer) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	got := b.call(t, http.MethodPost, graphPath, token, string(text))
	var g graphAnswer
	if got.status == http.StatusOK {
		if err := json.Unmarshal(got.body, &g); err != nil {
			t.Fatalf("%v: %s", err, got.body)
		}
	}
	return got, g
}

func question(text string) map[string]any { return map[string]any{"query": text} }

// The queries that a sweep sends give what the answer book says.
func TestQueriesAgreeWithExpected(t *testing.T) {
	t.Parallel()
	b := set(t, world.DefaultShares(), 60)
	want := map[string]bool{}
	for _, f := range b.world.Expected([]string{world.TaskHealth, world.TaskAlerts, world.TaskSubscriptions}, false).Findings {
		want[f.Customer+" "+f.Key] = true
	}
	for _, c := range b.world.Customers() {
		if !c.GDAP || !c.Consented || c.Blocked {
			continue
		}
		for _, q := range []struct{ kind, column, text string }{
			{"resource_unhealthy", "target", `healthresources
				| where type =~ 'Microsoft.ResourceHealth/availabilityStatuses'
				| where tostring(properties.availabilityState) in~ ('Unavailable','Degraded')
				| project id, target = tolower(tostring(properties.targetResourceId)), properties`},
			{"alert_fired", "target", `alertsmanagementresources | where type =~ 'microsoft.alertsmanagement/alerts'
				| where properties.essentials.monitorCondition =~ 'Fired' and properties.essentials.alertState !~ 'Closed'
				| project id, properties, target = tolower(id)`},
			{"subscription_state", "target", `resourcecontainers | where type =~ 'microsoft.resources/subscriptions'
				| where properties.state != 'Enabled' | project id, target = subscriptionId`},
		} {
			_, g := b.ask(t, c.TenantID, question(q.text))
			for _, row := range g.Data {
				target, _ := row[q.column].(string)
				key := c.TenantID + " " + q.kind + "|" + target
				if !want[key] {
					t.Errorf("%s is not expected", key)
				}
				delete(want, key)
			}
		}
	}
	for key := range want {
		t.Errorf("%s was not found", key)
	}
}

func TestCountsByType(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	c := b.customer(0)
	_, g := b.ask(t, c.TenantID, question("resources | summarize count_ = count() by type, subscriptionId"))
	total := 0
	for _, row := range g.Data {
		n, _ := row["count_"].(float64)
		total += int(n)
	}
	groups := 0
	for _, s := range c.Subscriptions {
		total -= len(s.Resources)
		groups += len(s.Groups)
	}
	if total != 0 || g.ResultTruncated != "false" || g.Facets == nil {
		t.Errorf("%d resources too many: %+v", total, g)
	}
	_, g = b.ask(t, c.TenantID, question("resourcecontainers | where type =~ 'microsoft.resources/subscriptions/resourcegroups' | summarize n = count()"))
	if len(g.Data) != 1 || g.Data[0]["n"] != float64(groups) {
		t.Errorf("groups %+v, want %d", g.Data, groups)
	}
}

func TestOtherTables(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 30)
	notes, events := 0, 0
	for _, c := range b.world.Customers() {
		_, g := b.ask(t, c.TenantID, question("healthresources | where type == 'microsoft.resourcehealth/resourceannotations' and isnotempty(properties.annotationName) and isnotempty(properties.reason)"))
		notes += g.Count
		_, g = b.ask(t, c.TenantID, question("servicehealthresources | where properties.eventType in ('ServiceIssue','PlannedMaintenance','HealthAdvisory') and isnotempty(properties.trackingId) and isnotnull(properties.impact)"))
		events += g.Count
		for _, s := range c.Subscriptions {
			events -= len(s.Events)
		}
	}
	ill := len(b.world.Expected([]string{world.TaskHealth}, false).Findings)
	if notes != ill || ill == 0 || events != 0 {
		t.Errorf("%d annotations for %d unhealthy resources; %d events too many", notes, ill, events)
	}
}

func TestQueryPaging(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	c := b.customer(0)
	want := 0
	for _, s := range c.Subscriptions {
		want += len(s.Resources)
	}
	seen := map[any]bool{}
	body := map[string]any{"query": "resources | project id | order by id asc", "options": map[string]any{"$top": 2}}
	for {
		_, g := b.ask(t, c.TenantID, body)
		for _, row := range g.Data {
			seen[row["id"]] = true
		}
		if g.TotalRecords != want || g.Count > 2 {
			t.Fatalf("page %+v, want %d in all", g, want)
		}
		if g.SkipToken == "" {
			break
		}
		body["options"] = map[string]any{"$top": 2, "$skipToken": g.SkipToken}
		b.world.Advance(time.Second)
	}
	if len(seen) != want {
		t.Errorf("%d resources over all pages, want %d", len(seen), want)
	}
	_, g := b.ask(t, c.TenantID, map[string]any{"query": "resources | project name", "options": map[string]any{"$top": 1}})
	if g.SkipToken != "" || g.ResultTruncated != "true" {
		t.Errorf("without id there is no paging: %+v", g)
	}
	_, g = b.ask(t, c.TenantID, map[string]any{"query": "resources | project id", "options": map[string]any{"$skip": want - 1}})
	if g.Count != 1 {
		t.Errorf("skipping all but one: %+v", g)
	}
}

func TestQueryScope(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 2)
	own, other := b.customer(0), b.customer(1)
	for name, row := range map[string]struct {
		token string
		subs  []string
		want  int
	}{
		"all":         {own.TenantID, nil, -1},
		"named":       {own.TenantID, []string{strings.ToUpper(own.Subscriptions[0].ID)}, len(own.Subscriptions[0].Resources)},
		"not its own": {own.TenantID, []string{other.Subscriptions[0].ID}, 0},
		"partner":     {world.PartnerTenantID, nil, 0},
	} {
		want := row.want
		if want < 0 {
			want = 0
			for _, s := range own.Subscriptions {
				want += len(s.Resources)
			}
		}
		_, g := b.ask(t, row.token, map[string]any{"query": "resources", "subscriptions": row.subs})
		if g.TotalRecords != want || g.Data == nil {
			t.Errorf("%s: %d rows, want %d", name, g.TotalRecords, want)
		}
	}
}

func TestTableFormat(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	got := b.call(t, http.MethodPost, graphPath, b.customer(0).TenantID, `{"query":"resources | summarize n=count() by tenantId","options":{"resultFormat":"table"}}`)
	want := `"data":{"columns":[{"name":"tenantId","type":"string"},{"name":"n","type":"integer"}],"rows":[["` + b.customer(0).TenantID + `",`
	if !strings.Contains(string(got.body), want) {
		t.Errorf("got %s", got.body)
	}
}

func TestQueriesRefused(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 1)
	b.service.Set(func(d *arm.Dials) { d.QueriesPerWindow = 0 })
	for name, body := range map[string]string{
		"not JSON":       `query`,
		"no query":       `{"query":" "}`,
		"unknown table":  `{"query":"SecurityResources | take 1"}`,
		"not understood": `{"query":"resources | join kind=inner (resources) on id"}`,
		"no such column": `{"query":"resources | where state == 'x'"}`,
		"top too large":  `{"query":"resources","options":{"$top":1001}}`,
		"bad skip token": `{"query":"resources","options":{"$skipToken":"cmcgMSAw"}}`,
		"facets":         `{"query":"resources","facets":[{"expression":"type"}]}`,
		"format":         `{"query":"resources","options":{"resultFormat":"csv"}}`,
		"groups":         `{"query":"resources","managementGroups":["root"]}`,
	} {
		got := b.call(t, http.MethodPost, graphPath, b.customer(0).TenantID, body)
		if got.status != 400 || got.code() != "BadRequest" {
			t.Errorf("%s: HTTP %d %s", name, got.status, got.body)
		}
	}
}

func TestQueryQuota(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 2)
	tid := b.customer(0).TenantID
	for i := range 15 {
		got, _ := b.ask(t, tid, question("resources | count"))
		if got.status != 200 || i == 0 && got.header.Get("x-ms-user-quota-remaining") != "14" || got.header.Get("x-ms-user-quota-resets-after") == "" {
			t.Fatalf("query %d: HTTP %d %v", i, got.status, got.header)
		}
	}
	got, _ := b.ask(t, tid, question("resources | count"))
	if got.status != 429 || got.header.Get("Retry-After") == "" || got.code() != "RateLimiting" || got.header.Get("x-ms-user-quota-remaining") != "0" {
		t.Errorf("sixteenth: HTTP %d %v %s", got.status, got.header, got.body)
	}
	if got, _ := b.ask(t, b.customer(1).TenantID, question("resources | count")); got.status != 200 {
		t.Errorf("another tenant: HTTP %d", got.status)
	}
	b.world.Advance(5 * time.Second)
	if got, _ := b.ask(t, tid, question("resources | count")); got.status != 200 {
		t.Errorf("five seconds later: HTTP %d", got.status)
	}
}

func TestResourceGraphRefuses(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 2)
	b.world.Mutate(b.customer(0).TenantID, func(c *world.Customer) { c.ResourceGraphRefuses = true })
	for at, want := range []int{403, 200} {
		if got, _ := b.ask(t, b.customer(at).TenantID, question("resources")); got.status != want {
			t.Errorf("customer %d: HTTP %d, want %d", at, got.status, want)
		}
	}
	b.service.Set(func(d *arm.Dials) { d.ResourceGraphStatus = 400 })
	if got, _ := b.ask(t, b.customer(1).TenantID, question("resources")); got.status != 400 || got.code() != "BadRequest" {
		t.Errorf("by dial: HTTP %d %s", got.status, got.body)
	}
	c := b.customer(0)
	if got := b.get(t, c.Subscriptions[0].Path()+"/providers/Microsoft.ResourceHealth/availabilityStatuses?api-version=2025-05-01", c.TenantID); got.status != 200 {
		t.Errorf("the lists go on: HTTP %d", got.status)
	}
}
