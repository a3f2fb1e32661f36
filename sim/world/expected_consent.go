package world

import "slices"

// TaskConsent gives missing consents; with it in a sweep the other tasks find
// the world as it leaves it.
const TaskConsent = "consent"

// containNeeded are the permissions that contain what the directory task cannot
// do without; a registration may ask for wider ones.
var containNeeded = []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}

// What the login says of a consent that is not there, or not enough.
const (
	withoutConsent = "consent_missing"
	withoutScope   = "scope_missing" // there is an entry; Partner Center adds nothing to it, Graph refuses to read
)

// healing is what the consent task does at one customer.
type healing struct {
	given  []string // audiences that consent is given for
	reason string   // of its own outcome, "" when all that is needed is there in the end
}

// healed works out what the consent task, if it is one of them, does at a
// customer, for the services that the other tasks call.
func (w *World) healed(c *Customer, tasks []string) healing {
	var h healing
	if !slices.Contains(tasks, TaskConsent) || !c.GDAP || c.Gone {
		return h
	}
	for _, audience := range w.needed(tasks) {
		reason := w.standing(c, audience)
		switch reason {
		case withoutConsent:
			if reason = w.refusal(c, audience); reason == "" {
				h.given = append(h.given, audience)
			}
		case withoutScope:
			reason = withoutConsent
		}
		if h.reason == "" || h.reason == "service_missing" && reason != "" {
			h.reason = reason // what concerns the whole customer goes before what concerns a service
		}
	}
	return h
}

// needed are the audiences the tasks call at a customer.
func (w *World) needed(tasks []string) []string {
	var all []string
	if slices.Contains(tasks, TaskDirectory) {
		all = append(all, w.cloud.Graph)
	}
	if slices.ContainsFunc(tasks, func(t string) bool { return t == TaskSubscriptions || t == TaskHealth || t == TaskAlerts }) {
		all = append(all, w.cloud.ARM)
	}
	return all
}

// standing is what the login says when a token for the service is asked for, in
// the order in which it looks.
func (w *World) standing(c *Customer, audience string) string {
	policy := w.Policy(c.TenantID)
	scopes := c.Held(audience, w.cloud.AppScopes(audience))
	switch {
	case !c.Consented && !c.PrincipalLeft:
		return withoutConsent
	case c.Unassigned || w.outOfGroup():
		return "no_gdap"
	case !policy.Preconsent(endOfTime):
		return withoutConsent
	case c.Blocked:
		return "blocked_by_policy"
	case slices.Contains(policy.MissingResources, audience):
		return "service_missing"
	case len(scopes) == 0:
		return withoutConsent
	case audience == w.cloud.Graph && !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(containNeeded, s) }):
		return withoutScope
	}
	return ""
}

// tokenReason is why there is no token for the service once healing is over.
func (w *World) tokenReason(c *Customer, audience string, h healing) string {
	reason := w.standing(c, audience)
	switch {
	case slices.Contains(h.given, audience):
		return ""
	case reason == withoutScope:
		return "gdap_role_insufficient"
	case len(h.given) > 0 && slices.Contains(w.Policy(c.TenantID).MissingResources, audience):
		return "service_missing" // the principal is there by now, so the login looks further
	}
	return reason
}

// refusal is why Partner Center does not give the consent, or "".
func (w *World) refusal(c *Customer, audience string) string {
	switch {
	case c.NoReseller:
		return "no_reseller"
	case c.Unassigned:
		return "no_gdap_role"
	case c.Blocked:
		return "blocked_by_policy"
	case !c.ConsentRole, w.outOfGroup():
		return "no_gdap_role"
	case slices.Contains(w.Policy(c.TenantID).MissingResources, audience):
		return "service_missing"
	}
	return ""
}
