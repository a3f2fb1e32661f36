package arm_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/alertsmanagement/armalertsmanagement"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/monitor/armmonitor"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resourcegraph/armresourcegraph"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resourcehealth/armresourcehealth"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/world"
)

// tenant is a credential whose token is its name.
type tenant string

func (c tenant) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(c), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func (b bench) options() *azarm.ClientOptions {
	const audience = "https://management.azure.com"
	return &azarm.ClientOptions{
		DisableRPRegistration: true,
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Audience: audience, Endpoint: b.server.URL},
			}},
			Transport: b.server.Client(),
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
	}
}

// must unwraps a constructor or call.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSDKSubscriptionsAndResources(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 20)
	b.service.Set(func(d *arm.Dials) { d.PageSize = 1 })
	c, s := withSubscriptions(t, b, 2)
	subs := must[*armsubscriptions.Client](t)(armsubscriptions.NewClient(tenant(c.TenantID), b.options())).NewListPager(nil)
	var names []string
	for subs.More() {
		for _, sub := range must[armsubscriptions.ClientListResponse](t)(subs.NextPage(t.Context())).Value {
			names = append(names, *sub.SubscriptionID+" "+*sub.TenantID+" "+string(*sub.State))
		}
	}
	var want []string
	for _, sub := range c.Subscriptions {
		want = append(want, sub.ID+" "+c.TenantID+" "+sub.State)
	}
	if strings.Join(names, "\n") != strings.Join(want, "\n") {
		t.Errorf("subscriptions\n%v\nwant\n%v", names, want)
	}
	groups := must[*armresources.ResourceGroupsClient](t)(armresources.NewResourceGroupsClient(s.ID, tenant(c.TenantID), b.options())).NewListPager(nil)
	n := 0
	for groups.More() {
		n += len(must[armresources.ResourceGroupsClientListResponse](t)(groups.NextPage(t.Context())).Value)
	}
	all := must[*armresources.Client](t)(armresources.NewClient(s.ID, tenant(c.TenantID), b.options())).NewListPager(nil)
	m := 0
	for all.More() {
		m += len(must[armresources.ClientListResponse](t)(all.NextPage(t.Context())).Value)
	}
	if n != len(s.Groups) || m != len(s.Resources) {
		t.Errorf("%d groups and %d resources, want %d and %d", n, m, len(s.Groups), len(s.Resources))
	}
}

// withSubscriptions finds a customer with at least n of them.
func withSubscriptions(t *testing.T, b bench, n int) (*world.Customer, *world.Subscription) {
	t.Helper()
	for _, c := range b.world.Customers() {
		if len(c.Subscriptions) >= n {
			return c, c.Subscriptions[0]
		}
	}
	t.Fatalf("nobody has %d subscriptions", n)
	return nil, nil
}

func TestSDKResourceGraph(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 3)
	c := b.customer(0)
	client := must[*armresourcegraph.Client](t)(armresourcegraph.NewClient(tenant(c.TenantID), b.options()))
	text, top := "resources | project id, name | order by id asc", int32(2)
	request := armresourcegraph.QueryRequest{Query: &text, Options: &armresourcegraph.QueryRequestOptions{Top: &top}}
	total, seen := int64(0), 0
	for {
		page := must[armresourcegraph.ClientResourcesResponse](t)(client.Resources(t.Context(), request, nil))
		rows, ok := page.Data.([]any)
		if !ok {
			t.Fatalf("data is %T", page.Data)
		}
		seen, total = seen+len(rows), *page.TotalRecords
		if page.SkipToken == nil {
			break
		}
		request.Options.SkipToken = page.SkipToken
	}
	if int64(seen) != total || seen == 0 {
		t.Errorf("%d rows of %d", seen, total)
	}
	text = "resources | join x"
	_, err := client.Resources(t.Context(), request, nil)
	var bad *azcore.ResponseError
	if !errors.As(err, &bad) || bad.StatusCode != http.StatusBadRequest || bad.ErrorCode != "BadRequest" {
		t.Errorf("bad query: %v", err)
	}
}

func TestSDKHealthAndEvents(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 300)
	c, s := withEvents(t, b)
	b.service.Set(func(d *arm.Dials) { d.PageSize = 2 })
	pager := must[*armresourcehealth.AvailabilityStatusesClient](t)(armresourcehealth.NewAvailabilityStatusesClient(s.ID, tenant(c.TenantID), b.options())).NewListBySubscriptionIDPager(nil)
	states := map[string]int{}
	for pager.More() {
		for _, row := range must[armresourcehealth.AvailabilityStatusesClientListBySubscriptionIDResponse](t)(pager.NextPage(t.Context())).Value {
			states[string(*row.Properties.AvailabilityState)]++
		}
	}
	for _, r := range s.Resources {
		if r.Health != nil {
			states[r.Health.State]--
		}
	}
	for state, n := range states {
		if n != 0 {
			t.Errorf("%d too many resources are %s", n, state)
		}
	}
	events := must[*armresourcehealth.EventsClient](t)(armresourcehealth.NewEventsClient(s.ID, tenant(c.TenantID), b.options())).NewListBySubscriptionIDPager(nil)
	page := must[armresourcehealth.EventsClientListBySubscriptionIDResponse](t)(events.NextPage(t.Context()))
	if len(page.Value) != len(s.Events) || string(*page.Value[0].Properties.EventType) != s.Events[0].Type || !page.Value[0].Properties.ImpactStartTime.Equal(s.Events[0].Start) {
		t.Errorf("events %+v, want %+v", page.Value, s.Events)
	}
}

func TestSDKAlerts(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 300)
	c, s := withEvents(t, b)
	b.service.Set(func(d *arm.Dials) { d.PageSize = 1 })
	client := must[*armalertsmanagement.AlertsClient](t)(armalertsmanagement.NewAlertsClient("subscriptions/"+s.ID, tenant(c.TenantID), b.options()))
	month, fired := armalertsmanagement.TimeRangeThirtyD, armalertsmanagement.MonitorConditionFired
	pager := client.NewGetAllPager(&armalertsmanagement.AlertsClientGetAllOptions{TimeRange: &month, MonitorCondition: &fired})
	got := map[string]bool{}
	for pager.More() {
		for _, a := range must[armalertsmanagement.AlertsClientGetAllResponse](t)(pager.NextPage(t.Context())).Value {
			if *a.Properties.Essentials.AlertState != armalertsmanagement.AlertStateClosed {
				got[strings.ToLower(*a.ID)] = true
			}
		}
	}
	want := 0
	for _, a := range s.Alerts {
		if a.Open(b.world.Now()) {
			want++
			if !got[strings.ToLower(s.AlertPath(a))] {
				t.Errorf("alert %s is missing", s.AlertPath(a))
			}
		}
	}
	if len(got) != want || want == 0 {
		t.Errorf("%d alerts, want %d", len(got), want)
	}
}

func TestSDKMonitor(t *testing.T) {
	t.Parallel()
	b := set(t, troubled, 300)
	c, s := withEvents(t, b)
	cred := tenant(c.TenantID)
	metric := must[*armmonitor.MetricAlertsClient](t)(armmonitor.NewMetricAlertsClient(s.ID, cred, b.options())).NewListBySubscriptionPager(nil)
	metrics := must[armmonitor.MetricAlertsClientListBySubscriptionResponse](t)(metric.NextPage(t.Context())).Value
	activity := must[*armmonitor.ActivityLogAlertsClient](t)(armmonitor.NewActivityLogAlertsClient(s.ID, cred, b.options())).NewListBySubscriptionIDPager(nil)
	activities := must[armmonitor.ActivityLogAlertsClientListBySubscriptionIDResponse](t)(activity.NextPage(t.Context())).Value
	log := must[*armmonitor.ScheduledQueryRulesClient](t)(armmonitor.NewScheduledQueryRulesClient(s.ID, cred, b.options())).NewListBySubscriptionPager(nil)
	logs := must[armmonitor.ScheduledQueryRulesClientListBySubscriptionResponse](t)(log.NextPage(t.Context())).Value
	if len(metrics) == 0 || len(activities) == 0 || len(logs) == 0 {
		t.Fatalf("%d metric, %d activity log and %d log rules", len(metrics), len(activities), len(logs))
	}
	if *metrics[0].Properties.Severity > 4 || *metrics[0].Properties.Criteria.GetMetricAlertCriteria().ODataType == "" {
		t.Errorf("metric rule %+v", metrics[0].Properties)
	}
	rule := s.ClassicRules[0]
	incidents := must[*armmonitor.AlertRuleIncidentsClient](t)(armmonitor.NewAlertRuleIncidentsClient(s.ID, cred, b.options())).NewListByAlertRulePager(rule.Group, rule.Name, nil)
	page := must[armmonitor.AlertRuleIncidentsClientListByAlertRuleResponse](t)(incidents.NextPage(t.Context())).Value
	if len(page) != 1 || !page[0].ActivatedTime.Equal(rule.Incidents[0].Activated) || *page[0].IsActive != rule.Active() {
		t.Errorf("incidents %+v, want %+v", page, rule.Incidents)
	}
}

func TestSDKErrors(t *testing.T) {
	t.Parallel()
	b := set(t, world.Shares{}, 2)
	foreign := b.customer(1).Subscriptions[0].ID
	pager := must[*armresources.ResourceGroupsClient](t)(armresources.NewResourceGroupsClient(foreign, tenant(b.customer(0).TenantID), b.options())).NewListPager(nil)
	_, err := pager.NextPage(t.Context())
	var bad *azcore.ResponseError
	if !errors.As(err, &bad) || bad.StatusCode != http.StatusUnauthorized || bad.ErrorCode != "InvalidAuthenticationTokenTenant" {
		t.Errorf("another tenant's subscription: %v", err)
	}
}
