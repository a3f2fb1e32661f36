package jobs

import "github.com/samkeeper/samkeeper/internal/sam"

// beforeItsTime makes a task that works anywhere wait while a Healer is at work
// at the customer: it speaks of the customer's access as a whole, and would
// raise what is just being mended. The wait ends with the Healer, which bounds
// itself; where it is switched off or has given up there is none.
func (b *job) beforeItsTime(name string) (decision, bool) {
	t, ok := b.Tasks.find(name).(Anywhere)
	if !ok || !t.Anywhere() {
		return decision{}, false
	}
	if b.healed != nil && b.healed.verb != settle {
		return *b.healed, true
	}
	for _, other := range b.Tasks.tasks {
		healer, heals := other.(Healer)
		if row, expected := b.rows[other.Name()]; heals && expected && !row.State.Final() {
			return waitForHealer(healer, decision{problem: &sam.Problem{
				Op: "run task " + name, Tenant: b.m.Customer.Tenant(), Plain: "The access to this customer is being mended.",
			}}), true
		}
	}
	return decision{}, false
}
