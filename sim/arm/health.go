package arm

import (
	"hash/fnv"
	"net/http"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

type availability struct {
	ID         string                 `json:"id"`
	Name       string                 `json:"name"`
	Type       string                 `json:"type"`
	Location   string                 `json:"location"`
	Properties availabilityProperties `json:"properties"`
}

// availabilityProperties: the wire says occuredTime.
type availabilityProperties struct {
	State              string              `json:"availabilityState"`
	Title              string              `json:"title,omitempty"`
	Summary            string              `json:"summary"`
	DetailedStatus     string              `json:"detailedStatus"`
	ReasonType         string              `json:"reasonType"`
	ReasonChronicity   string              `json:"reasonChronicity"`
	Context            string              `json:"context,omitempty"`
	Category           string              `json:"category,omitempty"`
	Since              string              `json:"occuredTime"`
	Reported           string              `json:"reportedTime"`
	RecommendedActions []recommendedAction `json:"recommendedActions,omitempty"`
}

type recommendedAction struct {
	Action        string `json:"action"`
	ActionURL     string `json:"actionUrl"`
	ActionURLText string `json:"actionUrlText"`
}

// sevenDigits is how Azure writes most times.
const sevenDigits = "2006-01-02T15:04:05.0000000Z"

// describeHealth builds a row. Now and then its id carries the typo of the
// published examples, always for the same resources.
func describeHealth(c call, s *world.Subscription, r world.Resource) availability {
	word := "availabilityStatuses"
	id := s.ResourcePath(r)
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id)) // never fails
	if sum.Sum32()%7 == 0 {
		word = "AvailabilityStatueses"
	}
	h := r.Health
	p := availabilityProperties{
		State: h.State, Summary: h.Summary, DetailedStatus: h.Summary, ReasonType: h.ReasonType,
		ReasonChronicity: h.Chronicity, Since: h.Occurred.Format(time.RFC3339), Reported: h.Reported.Format(sevenDigits),
	}
	if c.version >= "2017-07-01" {
		p.Title = h.Title
	}
	if h.Unhealthy() {
		p.Context, p.Category = healthContext(h), healthCategory(h)
	}
	if h.Unhealthy() && strings.EqualFold(c.URL.Query().Get("$expand"), "recommendedactions") {
		p.RecommendedActions = []recommendedAction{{"Contact support if the problem persists", "<#SupportCase>", "contact support"}}
	}
	return availability{id + "/providers/Microsoft.ResourceHealth/" + word + "/current", "current", "Microsoft.ResourceHealth/AvailabilityStatuses", r.Location, p}
}

func healthContext(h *world.Health) string {
	if h.ReasonType == "UserInitiated" {
		return "Customer Initiated"
	}
	return "Platform Initiated"
}

func healthCategory(h *world.Health) string {
	if h.ReasonType == "Planned" {
		return "Planned"
	}
	return "Unplanned"
}

// healthStatuses lists one row per covered resource.
func (s *Service) healthStatuses(c call) (any, error) {
	if c.URL.Query().Get("$filter") != "" {
		return nil, deny(http.StatusBadRequest, "InvalidFilter", "The filter is not supported.")
	}
	var covered []world.Resource
	for _, r := range c.subscription.Resources {
		if r.Health != nil && c.inGroup(r.Group) {
			covered = append(covered, r)
		}
	}
	return paged(c, len(covered), 100, "$skipToken", func(i int) any { return describeHealth(c, c.subscription, covered[i]) })
}

// healthOf is the current status of one resource; path is what follows the
// resource group, in lower case.
func (s *Service) healthOf(c call, path string) (any, error) {
	for _, r := range c.subscription.Resources {
		if c.inGroup(r.Group) && r.Health != nil && strings.HasSuffix(strings.ToLower(c.subscription.ResourcePath(r)), "/"+path) {
			return describeHealth(c, c.subscription, r), nil
		}
	}
	return nil, deny(http.StatusNotFound, "ResourceNotFound", "The resource '%s' was not found or has no health status.", path)
}

// events lists the service health events that touch the subscription.
func (s *Service) events(c call) (any, error) {
	all := c.subscription.Events
	return paged(c, len(all), 100, "$skipToken", func(i int) any { return describeEvent(c.subscription, all[i]) })
}

// describeEvent builds an event; an active one has no mitigation time.
func describeEvent(s *world.Subscription, e world.Event) map[string]any {
	region := map[string]any{
		"impactedRegion": e.Region, "status": e.Status, "impactedSubscriptions": []string{s.ID}, "impactedTenants": []string{},
		"lastUpdateTime": e.Updated.Format(sevenDigits),
		"updates":        []any{map[string]any{"summary": e.Summary, "updateDateTime": e.Updated.Format(sevenDigits), "eventTags": []string{}}},
	}
	properties := map[string]any{
		"eventType": e.Type, "eventSource": "ServiceHealth", "status": e.Status, "title": e.Title, "summary": e.Summary,
		"header": "Your service might have been impacted by an Azure service issue", "level": e.Level, "eventLevel": e.Level,
		"impactStartTime": e.Start.Format(sevenDigits), "lastUpdateTime": e.Updated.Format(sevenDigits), "priority": 2,
		"platformInitiated": true, "isHIR": false, "enableChatWithUs": false, "enableMicrosoftSupport": true,
		"article": map[string]any{"articleContent": e.Summary},
		"impact":  []any{map[string]any{"impactedService": e.Service, "impactedRegions": []any{region}}},
		"faqs":    []any{}, "links": []any{}, "eventTags": []string{}, "trackingId": e.TrackingID,
	}
	if !e.Mitigated.IsZero() {
		properties["impactMitigationTime"] = e.Mitigated.Format(sevenDigits)
	}
	return map[string]any{
		"id":   s.Path() + "/providers/Microsoft.ResourceHealth/events/" + e.TrackingID,
		"name": e.TrackingID, "type": "/providers/Microsoft.ResourceHealth/events", "properties": properties,
	}
}
