package chaos

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// shares are a fleet with much that is wrong and few customers who need Partner
// Center: its 500 calls a minute would be this test's clock.
func shares() *world.Shares {
	return &world.Shares{
		NoConsent: 0.03, NoGDAP: 0.03, Blocked: 0.03, NoRBAC: 0.01, NoSubscription: 0.01,
		Unhealthy: 0.25, Alerting: 0.25, SubscriptionTrouble: 0.1, LicenceTrouble: 0.2, Ending: 0.05,
	}
}

// change is what happens to the customers before the n-th sweep (the first is
// 1): every subscription gets a new name, so that results show when they were
// made; findings appear and vanish. It is drawn from the seed.
func change(w *world.World, seed uint64, n int) {
	dice := rand.New(rand.NewPCG(seed, uint64(n)<<32))
	for _, c := range w.Customers() {
		w.Mutate(c.TenantID, func(c *world.Customer) { changeCustomer(dice, c, n, w.Now()) })
	}
}

func changeCustomer(dice *rand.Rand, c *world.Customer, n int, now time.Time) {
	for _, s := range c.Subscriptions {
		s.Name = renamed(s.Name, n)
		if n == 1 {
			continue
		}
		if dice.IntN(10) == 0 {
			s.State = either(s.State == "Enabled", "Warned", "Enabled")
		}
		for i := range s.Resources {
			if h := s.Resources[i].Health; h != nil && (h.Unhealthy() && dice.IntN(2) == 0 || dice.IntN(20) == 0) {
				changeHealth(h, now)
			}
		}
		for i := range s.Alerts {
			if dice.IntN(3) == 0 {
				changeAlert(&s.Alerts[i], now)
			}
		}
	}
	for i := range c.SKUs {
		if n > 1 && dice.IntN(6) == 0 {
			c.SKUs[i].CapabilityStatus = either(c.SKUs[i].CapabilityStatus == "Enabled", "Warning", "Enabled")
		}
	}
}

// mark ends the name of a subscription in its n-th state.
func mark(n int) string { return fmt.Sprintf(" [%d]", n) }

// renamed puts the mark of the n-th state behind a name, in the place of another.
func renamed(name string, n int) string {
	name, _, _ = strings.Cut(name, " [")
	return name + mark(n)
}

func changeHealth(h *world.Health, now time.Time) {
	h.Previous, h.Occurred, h.Reported = h.State, now, now
	if h.Unhealthy() {
		h.State, h.Title, h.Reason, h.ReasonType = "Available", "Available", "", ""
		return
	}
	h.State, h.Title, h.Reason, h.ReasonType = "Unavailable", "Unavailable", "VirtualMachineStopped", "Unplanned"
}

func changeAlert(a *world.Alert, now time.Time) {
	if a.Open(now) {
		a.Condition, a.Resolved, a.Modified = "Resolved", now, now
		return
	}
	a.Condition, a.State, a.Started, a.Modified, a.Resolved = "Fired", "New", now, now, time.Time{}
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
