package arm

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

type alert struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Name       string          `json:"name"`
	Properties alertProperties `json:"properties"`
}

type alertProperties struct {
	Essentials essentials     `json:"essentials"`
	Context    map[string]any `json:"context,omitempty"`
	Egress     map[string]any `json:"egressConfig,omitempty"`
}

type essentials struct {
	Severity            string       `json:"severity"`
	SignalType          string       `json:"signalType"`
	AlertState          string       `json:"alertState"`
	MonitorCondition    string       `json:"monitorCondition"`
	MonitorService      string       `json:"monitorService"`
	TargetResource      string       `json:"targetResource"`
	TargetResourceName  string       `json:"targetResourceName"`
	TargetResourceGroup string       `json:"targetResourceGroup"`
	TargetResourceType  string       `json:"targetResourceType"`
	SourceCreatedID     string       `json:"sourceCreatedId"`
	SmartGroupID        string       `json:"smartGroupId"`
	SmartGroupingReason string       `json:"smartGroupingReason"`
	AlertRule           string       `json:"alertRule"`
	Start               string       `json:"startDateTime"`
	Modified            string       `json:"lastModifiedDateTime"`
	ModifiedBy          string       `json:"lastModifiedUserName"`
	Resolved            string       `json:"monitorConditionResolvedDateTime,omitempty"`
	ActionStatus        actionStatus `json:"actionStatus"`
	Description         string       `json:"description"`
}

type actionStatus struct {
	IsSuppressed bool `json:"isSuppressed"`
}

func describeAlert(s *world.Subscription, a world.Alert) alert {
	e := essentials{
		Severity: a.Severity, SignalType: a.SignalType, AlertState: a.State, MonitorCondition: a.Condition,
		MonitorService: a.Service, TargetResource: strings.ToLower(a.Target), TargetResourceName: a.TargetName,
		TargetResourceGroup: strings.ToLower(a.TargetGroup), TargetResourceType: a.TargetType,
		SourceCreatedID: world.DerivedID(a.ID, "source"), SmartGroupID: world.DerivedID(a.ID, "group"),
		SmartGroupingReason: "Occurred frequently with other alerts",
		AlertRule:           s.GroupPath(a.TargetGroup) + "/providers/microsoft.insights/metricalerts/" + a.Rule,
		Start:               a.Started.Format(sevenDigits), Modified: a.Modified.Format(sevenDigits), ModifiedBy: "System",
		Description: a.Description,
	}
	if !a.Resolved.IsZero() {
		e.Resolved = a.Resolved.Format(sevenDigits)
	}
	return alert{s.AlertPath(a), "Microsoft.AlertsManagement/alerts", a.Rule, alertProperties{Essentials: e}}
}

// placed is an alert with its subscription.
type placed struct {
	sub   *world.Subscription
	alert world.Alert
}

// alerts lists the alert instances of a subscription, or of all that the
// caller sees, of the last day unless timeRange says otherwise.
func (s *Service) alerts(c call) (any, error) {
	subs := c.visible()
	if c.subscription != nil {
		subs = []*world.Subscription{c.subscription}
	}
	wanted, err := readAlertFilter(c)
	if err != nil {
		return nil, err
	}
	var all []placed
	for _, sub := range subs {
		for _, a := range sub.Alerts {
			if wanted.matches(a, c.now) {
				all = append(all, placed{sub, a})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(b.alert.Modified.Compare(a.alert.Modified), cmp.Compare(a.alert.ID, b.alert.ID))
	})
	return paged(c, len(all), wanted.size, "ctoken", func(i int) any {
		d := describeAlert(all[i].sub, all[i].alert)
		if wanted.context {
			d.Properties.Context = map[string]any{"AlertRuleName": all[i].alert.Rule, "AlertType": "Metric"}
		}
		if wanted.egress {
			d.Properties.Egress = map[string]any{"displayConfig": []any{}}
		}
		return d
	})
}

// alertFilter is what the query asks for; empty fields ask for nothing.
type alertFilter struct {
	since                               time.Duration
	state, condition, severity, service string
	resource, group, resourceType, rule string
	size                                int
	context, egress                     bool
}

// timeRanges of the list; without one it is a day.
var timeRanges = map[string]time.Duration{
	"": 24 * time.Hour, "1h": time.Hour, "1d": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour,
}

func readAlertFilter(c call) (alertFilter, error) {
	q := c.URL.Query()
	f := alertFilter{
		state: q.Get("alertState"), condition: q.Get("monitorCondition"), severity: q.Get("severity"), service: q.Get("monitorService"),
		resource: q.Get("targetResource"), group: q.Get("targetResourceGroup"), resourceType: q.Get("targetResourceType"),
		rule: q.Get("alertRule"), size: 25, context: q.Get("includeContext") == "true", egress: q.Get("includeEgressConfig") == "true",
	}
	var known bool
	if f.since, known = timeRanges[q.Get("timeRange")]; !known {
		return f, deny(http.StatusBadRequest, "BadRequest", "The timeRange '%s' is not valid: 1h, 1d, 7d or 30d.", q.Get("timeRange"))
	}
	for _, fixed := range []struct {
		value   string
		allowed []string
	}{
		{f.state, []string{"New", "Acknowledged", "Closed"}},
		{f.condition, []string{"Fired", "Resolved"}},
		{f.severity, []string{"Sev0", "Sev1", "Sev2", "Sev3", "Sev4"}},
	} {
		if fixed.value != "" && !slices.Contains(fixed.allowed, fixed.value) {
			return f, deny(http.StatusBadRequest, "BadRequest", "The value '%s' is not one of %s.", fixed.value, strings.Join(fixed.allowed, ", "))
		}
	}
	if text := q.Get("pageCount"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 250 {
			return f, deny(http.StatusBadRequest, "BadRequest", "The pageCount must be between 1 and 250.")
		}
		f.size = n
	}
	return f, nil
}

func (f alertFilter) matches(a world.Alert, now time.Time) bool {
	same := func(want, got string) bool { return want == "" || strings.EqualFold(want, got) }
	return a.Kept(now) && now.Sub(a.Started) <= f.since &&
		same(f.state, a.State) && same(f.condition, a.Condition) && same(f.severity, a.Severity) && same(f.service, a.Service) &&
		same(f.resource, a.Target) && same(f.group, a.TargetGroup) && same(f.resourceType, a.TargetType) && same(f.rule, a.Rule)
}

// alert is one alert by id.
func (s *Service) alert(c call, id string) (any, error) {
	for _, a := range c.subscription.Alerts {
		if strings.EqualFold(a.ID, id) && a.Kept(c.now) {
			return describeAlert(c.subscription, a), nil
		}
	}
	return nil, deny(http.StatusNotFound, "NotFound", "The alert '%s' was not found.", id)
}
