package world

import (
	"slices"
	"time"
)

// TaskAccess is the task that tells, everywhere, which permission is missing
// or ends. It is always done: what it cannot find out, it leaves open.
const TaskAccess = "access"

// warnedBefore is how long before its end a relationship is spoken of.
const warnedBefore = 90 * 24 * time.Hour

// permissions lists which permissions a customer lacks for these tasks, and
// which end soon. What is behind a missing one is not looked at: without a
// relationship, its roles and what they open do not count as missing too.
func (w *World) permissions(c *Customer, tasks []string, now time.Time) []trouble {
	if !slices.ContainsFunc(tasks, needy) {
		return nil
	}
	if !c.GDAP {
		return []trouble{{"access_missing", "relationship"}}
	}
	var found []trouble
	if !c.AutoExtend && c.RelationshipEnds.Sub(now) <= warnedBefore {
		found = append(found, trouble{"access_ending", "relationship|" + c.RelationshipID()})
	}
	if c.Unassigned || w.outOfGroup() {
		return append(found, trouble{"access_missing", "assignment"})
	}
	has := func(task string) bool { return slices.Contains(tasks, task) }
	azure := has(TaskSubscriptions) || has(TaskHealth) || has(TaskAlerts)
	if has(TaskConsent) && !c.ConsentRole {
		found = append(found, trouble{"access_missing", "role|consent"})
	}
	if has(TaskDirectory) && c.GraphRefuses {
		found = append(found, trouble{"access_missing", "role|directory"})
	}
	h := w.healed(c, tasks)
	inGraph, inAzure := w.skipReason(c, TaskDirectory, h), w.skipReason(c, TaskSubscriptions, h)
	narrow := has(TaskDirectory) && w.standing(c, w.cloud.Graph) == withoutScope
	if narrow || has(TaskDirectory) && inGraph == "consent_missing" || azure && inAzure == "consent_missing" {
		found = append(found, trouble{"access_missing", "consent"})
	}
	if azure && inAzure == "no_azure_rbac" {
		found = append(found, trouble{"access_missing", "azure"})
	}
	return found
}

// needy are the tasks that need a permission at all.
func needy(task string) bool {
	switch task {
	case TaskConsent, TaskSubscriptions, TaskHealth, TaskAlerts, TaskDirectory:
		return true
	}
	return false
}

// outOfGroup reports whether the integration account lost its group. Locks.
func (w *World) outOfGroup() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	i := slices.IndexFunc(w.partner.Users, func(u *User) bool { return u.Object == IntegrationUserID })
	return i >= 0 && w.partner.Users[i].OutOfGroup
}
