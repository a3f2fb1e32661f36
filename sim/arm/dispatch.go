package arm

import (
	"net/http"
	"strings"
)

// answer makes the body of one kind of call.
type answer func(*Service, call) (any, error)

// scope says where in a path an operation hangs.
type scope int

const (
	atTenant scope = iota
	atSubscription
	atGroup
)

// operation names a list or resource below a scope, in lower case.
type operation struct {
	at   scope
	path string
}

var operations map[operation]answer

func init() {
	operations = map[operation]answer{
		{atTenant, "subscriptions"}:                                     (*Service).subscriptions,
		{atTenant, "tenants"}:                                           (*Service).tenants,
		{atSubscription, ""}:                                            (*Service).subscription,
		{atSubscription, "resourcegroups"}:                              (*Service).resourceGroups,
		{atGroup, ""}:                                                   (*Service).resourceGroup,
		{atSubscription, "resources"}:                                   (*Service).resources,
		{atGroup, "resources"}:                                          (*Service).resources,
		{atSubscription, health + "availabilitystatuses"}:               (*Service).healthStatuses,
		{atGroup, health + "availabilitystatuses"}:                      (*Service).healthStatuses,
		{atSubscription, health + "events"}:                             (*Service).events,
		{atTenant, "providers/microsoft.alertsmanagement/alerts"}:       (*Service).alerts,
		{atSubscription, "providers/microsoft.alertsmanagement/alerts"}: (*Service).alerts,
		{atSubscription, insights + "metricalerts"}:                     (*Service).metricAlerts,
		{atGroup, insights + "metricalerts"}:                            (*Service).metricAlerts,
		{atSubscription, insights + "activitylogalerts"}:                (*Service).activityLogAlerts,
		{atGroup, insights + "activitylogalerts"}:                       (*Service).activityLogAlerts,
		{atSubscription, insights + "scheduledqueryrules"}:              (*Service).scheduledQueryRules,
		{atGroup, insights + "scheduledqueryrules"}:                     (*Service).scheduledQueryRules,
		{atSubscription, insights + "alertrules"}:                       (*Service).classicRules,
		{atGroup, insights + "alertrules"}:                              (*Service).classicRules,
	}
}

const (
	health   = "providers/microsoft.resourcehealth/"
	insights = "providers/microsoft.insights/"
	graph    = "providers/microsoft.resourcegraph/resources"
)

// dispatch finds the operation of a call and answers it.
func (s *Service) dispatch(w http.ResponseWriter, c call) (any, error) {
	path := strings.ToLower(strings.Join(c.rest, "/"))
	if path == graph && c.subscription == nil {
		if c.Method != http.MethodPost {
			return nil, wrongMethod(c)
		}
		if err := s.takeQuery(w, c); err != nil {
			return nil, err
		}
		return s.query(c)
	}
	if c.Method != http.MethodGet {
		return nil, wrongMethod(c)
	}
	if a, ok := operations[operation{c.scope(), path}]; ok {
		return a(s, c)
	}
	return s.single(c)
}

func (c call) scope() scope {
	switch {
	case c.hasGroup:
		return atGroup
	case c.subscription != nil:
		return atSubscription
	}
	return atTenant
}

// single answers the calls whose path holds the name of something.
func (s *Service) single(c call) (any, error) {
	lower := strings.Split(strings.ToLower(strings.Join(c.rest, "/")), "/")
	n := len(lower)
	switch {
	case n == 4 && lower[1] == "microsoft.alertsmanagement" && lower[2] == "alerts" && c.subscription != nil:
		return s.alert(c, lower[3])
	case n >= 4 && lower[1] == "microsoft.insights" && lower[2] == "alertrules" && c.hasGroup:
		return s.classicRule(c, c.rest[3:])
	case n > 6 && lower[n-1] == "current" && lower[n-2] == "availabilitystatuses" && c.hasGroup:
		return s.healthOf(c, strings.Join(lower[:n-4], "/"))
	case n >= 2 && lower[0] == "providers":
		return nil, deny(http.StatusNotFound, "InvalidResourceType", "The resource type could not be found in the namespace '%s' for api version '%s'.", c.rest[1], c.version)
	}
	return nil, deny(http.StatusNotFound, "NotFound", "No such resource: %s", c.URL.Path)
}

func wrongMethod(c call) error {
	return deny(http.StatusMethodNotAllowed, "HttpMethodNotAllowed", "The HTTP method '%s' is not allowed for this URL.", c.Method)
}
