package world

import (
	"math/rand/v2"
	"strings"
	"time"
)

// illness is one way a resource can be unwell.
type illness struct{ state, title, summary, reason, kind, chronicity string }

var illnesses = []illness{
	{"Unavailable", "Unavailable", "We're sorry, your resource isn't available because of connectivity loss to the host it runs on.", "VirtualMachineHostCrashed", "Unplanned", "Persistent"},
	{"Unavailable", "Stopped by user or process", "This resource was stopped as requested by an authorized user or process.", "VirtualMachineStopped", "UserInitiated", "Persistent"},
	{"Degraded", "Degraded", "Your resource is running, but its performance may be affected by a hardware fault.", "VirtualMachineDegraded", "Unplanned", "Transient"},
	{"Unavailable", "Planned maintenance", "Your resource is being restarted as part of planned maintenance.", "VirtualMachineRebootInitiatedForPlannedMaintenance", "Planned", "Transient"},
}

// fallIll makes one to three covered resources of the customer unhealthy.
func fallIll(rng *rand.Rand, c *Customer, now time.Time) {
	s := pick(rng, c.Subscriptions)
	left := 1 + rng.IntN(3)
	for i := range s.Resources {
		h := s.Resources[i].Health
		if h == nil || left == 0 {
			continue
		}
		left--
		ill := pick(rng, illnesses)
		since := now.Add(-time.Duration(10+rng.IntN(4000)) * time.Minute).Truncate(time.Second)
		*h = Health{
			State: ill.state, Previous: "Available", Title: ill.title, Summary: ill.summary,
			Reason: ill.reason, ReasonType: ill.kind, Chronicity: ill.chronicity,
			Occurred: since, Reported: since.Add(time.Minute),
		}
	}
}

// signal is one kind of alert rule.
type signal struct{ rule, severity, kind, service, text, metric string }

var signals = []signal{
	{"CPU above 95 percent", "Sev3", "Metric", "Platform", "Percentage CPU above 95 for five minutes", "Percentage CPU"},
	{"Disk queue too long", "Sev2", "Metric", "Platform", "OS disk queue depth above 20", "OS Disk Queue Depth"},
	{"No runs", "Sev1", "Metric", "Platform", "The nightly job did not run", "RunsSucceeded"},
	{"Failed sign-ins", "Sev2", "Log", "Log Alerts V2", "More than 50 failed sign-ins in an hour", "Count"},
	{"Resource health", "Sev1", "Unknown", "Resource Health", "A resource changed its health state", "Count"},
}

// fireAlerts fires one to three alerts; metric alerts have a classic twin.
func fireAlerts(rng *rand.Rand, c *Customer, now time.Time) {
	s := pick(rng, c.Subscriptions)
	for range 1 + rng.IntN(3) {
		since := now.Add(-time.Duration(5+rng.IntN(25*24*60)) * time.Minute).Truncate(time.Second)
		sig, r := pick(rng, signals), s.Resources[rng.IntN(len(s.Resources))]
		a := newAlert(rng, s, r, sig, since)
		if rng.IntN(4) == 0 {
			a.State = "Acknowledged"
		}
		s.Alerts = append(s.Alerts, a)
		if sig.kind == "Metric" {
			s.ClassicRules = append(s.ClassicRules, classicTwin(s, r, sig, Incident{Activated: since}))
		}
	}
}

// seedQuietAlerts adds alerts that need nobody: resolved, closed by a person,
// or older than Azure Monitor keeps them.
func seedQuietAlerts(rng *rand.Rand, s *Subscription, now time.Time) {
	for range rng.IntN(4) {
		since := now.Add(-time.Duration(2+rng.IntN(40*24)) * time.Hour).Truncate(time.Second)
		sig, r := pick(rng, signals), s.Resources[rng.IntN(len(s.Resources))]
		a := newAlert(rng, s, r, sig, since)
		if rng.IntN(3) == 0 && a.Kept(now) {
			a.State, a.Modified = "Closed", since.Add(time.Hour)
		} else {
			a.Condition, a.Resolved = "Resolved", since.Add(time.Hour)
			a.Modified = a.Resolved
		}
		s.Alerts = append(s.Alerts, a)
		if sig.kind == "Metric" {
			s.ClassicRules = append(s.ClassicRules, classicTwin(s, r, sig, Incident{Activated: since, Resolved: since.Add(time.Hour)}))
		}
	}
}

func newAlert(rng *rand.Rand, s *Subscription, r Resource, sig signal, since time.Time) Alert {
	return Alert{
		ID: guid(rng), Rule: sig.rule, Severity: sig.severity, SignalType: sig.kind, Service: sig.service,
		Condition: "Fired", State: "New", Target: s.ResourcePath(r), TargetType: strings.ToLower(r.Type),
		TargetGroup: r.Group, TargetName: r.Name[strings.LastIndexByte(r.Name, '/')+1:],
		Description: sig.text, Started: since, Modified: since,
	}
}

// classicTwin is the classic rule that would have raised the same alert. Its
// name carries the resource's, as rule names are unique in a group.
func classicTwin(s *Subscription, r Resource, sig signal, in Incident) ClassicRule {
	return ClassicRule{
		Name:  sig.rule + " " + strings.ReplaceAll(r.Name, "/", "-") + " " + in.Activated.Format("0102-1504"),
		Group: r.Group, Location: r.Location, Target: s.ResourcePath(r),
		Metric: sig.metric, Operator: "GreaterThan", Threshold: 95, Window: "PT5M", Enabled: true,
		Updated: in.Activated.Add(-24 * time.Hour), Incidents: []Incident{in},
	}
}

var eventKinds = []Event{
	{Type: "ServiceIssue", Level: "Warning", Title: "Connectivity issues", Summary: "<p>A subset of requests may fail or take longer.</p>", Service: "Virtual Machines"},
	{Type: "PlannedMaintenance", Level: "Informational", Title: "Planned maintenance", Summary: "<p>Hosts will be updated.</p>", Service: "Virtual Network"},
	{Type: "HealthAdvisory", Level: "Informational", Title: "Retirement of an older version", Summary: "<p>Please move to the current version.</p>", Service: "App Service"},
}

// seedEvents adds service health events to one subscription in six.
func seedEvents(rng *rand.Rand, s *Subscription, region string, now time.Time) {
	if rng.IntN(6) != 0 {
		return
	}
	e := pick(rng, eventKinds)
	e.TrackingID = trackingID(rng)
	e.Region, e.Status = region, "Active"
	e.Start = now.Add(-time.Duration(1+rng.IntN(72)) * time.Hour).Truncate(time.Second)
	e.Updated = e.Start.Add(20 * time.Minute)
	if rng.IntN(2) == 0 {
		e.Status, e.Mitigated = "Resolved", e.Start.Add(40*time.Minute)
		e.Updated = e.Mitigated
	}
	s.Events = append(s.Events, e)
}

// trackingID is like "6K0H-1F8": letters and digits that are hard to mix up.
func trackingID(rng *rand.Rand) string {
	const alphabet = "0123456789BCDFGHKLMNPQRSTVZ"
	id := []byte("....-...")
	for i := range id {
		if id[i] == '.' {
			id[i] = alphabet[rng.IntN(len(alphabet))]
		}
	}
	return string(id)
}
