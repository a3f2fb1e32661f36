package world

import "time"

// trouble is one finding before it has a customer and a task.
type trouble struct{ kind, what string }

// findings lists what is wrong in the part of the customer's data that the
// task looks at.
func findings(c *Customer, task string, classic bool, now time.Time) []trouble {
	switch task {
	case TaskSubscriptions:
		return lapsed(c)
	case TaskHealth:
		return unhealthy(c)
	case TaskAlerts:
		return fired(c, classic, now)
	case TaskDirectory:
		return licences(c)
	}
	return nil
}

func lapsed(c *Customer) []trouble {
	var found []trouble
	for _, s := range c.Readable() {
		if s.State != "Enabled" {
			found = append(found, trouble{"subscription_state", s.ID})
		}
	}
	return found
}

func unhealthy(c *Customer) []trouble {
	var found []trouble
	for _, s := range c.Readable() {
		for _, r := range s.Resources {
			if r.Health.Unhealthy() {
				found = append(found, trouble{"resource_unhealthy", s.ResourcePath(r)})
			}
		}
	}
	return found
}

func fired(c *Customer, classic bool, now time.Time) []trouble {
	var found []trouble
	for _, s := range c.Readable() {
		for _, a := range s.Alerts {
			if a.Open(now) {
				found = append(found, trouble{"alert_fired", s.AlertPath(a)})
			}
		}
		for _, r := range s.ClassicRules {
			if classic && r.Active() {
				found = append(found, trouble{"classic_alert", s.RulePath(r)})
			}
		}
	}
	return found
}

func licences(c *Customer) []trouble {
	var found []trouble
	for _, s := range c.SKUs {
		if s.Trouble() {
			found = append(found, trouble{"licence_state", s.SkuID})
		}
		if s.Overused() {
			found = append(found, trouble{"licence_overuse", s.SkuID})
		}
	}
	return found
}
