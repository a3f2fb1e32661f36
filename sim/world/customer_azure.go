package world

import (
	"slices"
	"strings"
	"time"
)

// Subscription is one Azure subscription of a customer.
type Subscription struct {
	ID           string // GUID
	Name         string
	State        string // Enabled Warned PastDue Disabled Deleted
	QuotaID      string // "CSP_2015-05-01"
	Groups       []ResourceGroup
	Resources    []Resource
	Alerts       []Alert
	ClassicRules []ClassicRule
	Events       []Event
}

// ResourceGroup is one group of a subscription.
type ResourceGroup struct {
	Name     string
	Location string
}

// Resource is one resource; Health is nil when Resource Health does not cover
// its type.
type Resource struct {
	Group    string // name of its resource group
	Type     string // "Microsoft.Compute/virtualMachines"
	Name     string
	Location string
	Kind     string // "" or the provider's kind, "app", "StorageV2"
	Health   *Health
}

// Health is what Resource Health says about a resource.
type Health struct {
	State      string // Available Unavailable Degraded Unknown
	Previous   string
	Title      string
	Summary    string
	Reason     string // annotation name, "VirtualMachineStopped"; "" when healthy
	ReasonType string // Unplanned Planned UserInitiated; "" when healthy
	Chronicity string // Transient Persistent
	Occurred   time.Time
	Reported   time.Time
}

// Unhealthy reports whether the state is one a person should know about.
func (h *Health) Unhealthy() bool {
	return h != nil && (h.State == "Unavailable" || h.State == "Degraded")
}

// Alert is one alert instance of Azure Monitor.
type Alert struct {
	ID          string // GUID
	Rule        string // name of the rule, without path
	Severity    string // Sev0 … Sev4
	SignalType  string // Metric Log Unknown
	Service     string // Platform, "Log Alerts V2", "ActivityLog Administrative", …
	Condition   string // Fired Resolved
	State       string // New Acknowledged Closed
	Target      string // ARM id of the resource it is about
	TargetType  string
	TargetGroup string
	TargetName  string
	Description string
	Started     time.Time
	Modified    time.Time
	Resolved    time.Time // zero while fired
}

// alertRetention is how long Azure Monitor keeps alert instances.
const alertRetention = 30 * 24 * time.Hour

// Open reports whether the alert is fired, not closed by a person, and still
// within the 30 days that alerts are kept.
func (a Alert) Open(now time.Time) bool {
	return a.Condition == "Fired" && a.State != "Closed" && a.Kept(now)
}

// Kept reports whether the alert is still listed at all.
func (a Alert) Kept(now time.Time) bool { return now.Sub(a.Started) <= alertRetention }

// ClassicRule is a classic metric alert rule (api-version 2016-03-01), kept
// for the behaviour of the years before its retirement.
type ClassicRule struct {
	Name      string // may hold spaces
	Group     string
	Location  string
	Target    string // ARM id
	Metric    string
	Operator  string // GreaterThan LessThan
	Threshold float64
	Window    string // "PT5M"
	Enabled   bool
	Updated   time.Time
	Incidents []Incident
}

// Incident is one activation of a classic rule.
type Incident struct {
	Activated time.Time
	Resolved  time.Time // zero while active
}

// Active reports whether an incident of the rule is unresolved.
func (r ClassicRule) Active() bool {
	return slices.ContainsFunc(r.Incidents, func(i Incident) bool { return i.Resolved.IsZero() })
}

// Event is one service health event that touches the subscription.
type Event struct {
	TrackingID string // "BC_1-FXZ"
	Type       string // ServiceIssue PlannedMaintenance HealthAdvisory
	Status     string // Active Resolved
	Title      string
	Summary    string // HTML
	Service    string // "Virtual Machines"
	Region     string // "West Europe"
	Level      string // Warning Informational
	Start      time.Time
	Mitigated  time.Time // zero while active
	Updated    time.Time
}

// Path is the ARM id of the subscription.
func (s *Subscription) Path() string { return "/subscriptions/" + s.ID }

// GroupPath is the ARM id of one of its resource groups.
func (s *Subscription) GroupPath(group string) string {
	return s.Path() + "/resourceGroups/" + group
}

// ResourcePath is the ARM id of one of its resources. The name of a child
// resource is "<parent>/<child>", and its path takes type and name by turns.
func (s *Subscription) ResourcePath(r Resource) string {
	var path strings.Builder
	path.WriteString(s.GroupPath(r.Group) + "/providers/")
	provider, types, _ := strings.Cut(r.Type, "/")
	path.WriteString(provider)
	names := strings.Split(r.Name, "/")
	for i, kind := range strings.Split(types, "/") {
		path.WriteString("/" + kind + "/" + names[min(i, len(names)-1)])
	}
	return path.String()
}

// AlertPath is the ARM id of one of its alerts.
func (s *Subscription) AlertPath(a Alert) string {
	return s.Path() + "/providers/Microsoft.AlertsManagement/alerts/" + a.ID
}

// RulePath is the ARM id of one of its classic rules.
func (s *Subscription) RulePath(r ClassicRule) string {
	return s.GroupPath(r.Group) + "/providers/microsoft.insights/alertrules/" + r.Name
}

// Group finds a resource group by name in any case.
func (s *Subscription) Group(name string) (ResourceGroup, bool) {
	for _, g := range s.Groups {
		if strings.EqualFold(g.Name, name) {
			return g, true
		}
	}
	return ResourceGroup{}, false
}

// Clone returns a deep copy.
func (s *Subscription) Clone() *Subscription {
	d := *s
	d.Groups = slices.Clone(s.Groups)
	d.Resources = slices.Clone(s.Resources)
	for i, r := range d.Resources {
		if r.Health != nil {
			h := *r.Health
			d.Resources[i].Health = &h
		}
	}
	d.Alerts = slices.Clone(s.Alerts)
	d.Events = slices.Clone(s.Events)
	d.ClassicRules = slices.Clone(s.ClassicRules)
	for i := range d.ClassicRules {
		d.ClassicRules[i].Incidents = slices.Clone(d.ClassicRules[i].Incidents)
	}
	return &d
}
