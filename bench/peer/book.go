package peer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/samkeeper/samkeeper/sim/world"
)

// maxFaults is how many differences are named.
const maxFaults = 10

// book is what one sweep reported: every outcome and every finding, each of
// which may be reported once.
type book struct {
	outcomes map[string]string // "<customer> <task>": "<state> <reason>"
	findings map[string]bool   // "<customer> <task> <key>"
	faults   []error
}

func newBook() *book { return &book{outcomes: map[string]string{}, findings: map[string]bool{}} }

func (b *book) outcome(customer, task, state, reason string) {
	key := customer + " " + task
	if had, twice := b.outcomes[key]; twice {
		b.faults = append(b.faults, fmt.Errorf("%s is reported twice, first as %q", key, had))
	}
	b.outcomes[key] = state + " " + reason
}

func (b *book) finding(customer, task, key string) {
	id := customer + " " + task + " " + key
	if b.findings[id] {
		b.faults = append(b.faults, fmt.Errorf("finding %s is reported twice", id))
	}
	b.findings[id] = true
}

// compare names what differs from the world, or returns nil. A customer without
// a relationship need not be reported: it is not visited.
func (b *book) compare(want world.Expected) error {
	faults := slices.Clone(b.faults)
	expected := map[string]bool{}
	for _, o := range want.Outcomes {
		key := o.Customer + " " + o.Task
		expected[key] = true
		got, reported := b.outcomes[key]
		if !reported && o.Reason == "no_gdap" {
			continue
		}
		if got != o.State+" "+o.Reason {
			faults = append(faults, fmt.Errorf("%s: %q, the world says %q", key, got, o.State+" "+o.Reason))
		}
	}
	for key, got := range b.outcomes {
		if !expected[key] {
			faults = append(faults, fmt.Errorf("%s: %q, the world has no such task", key, got))
		}
	}
	faults = append(faults, b.compareFindings(want)...)
	if more := len(faults) - maxFaults; more > 0 {
		faults = append(faults[:maxFaults], fmt.Errorf("and %d more", more))
	}
	return errors.Join(faults...)
}

func (b *book) compareFindings(want world.Expected) []error {
	var faults []error
	left := len(b.findings)
	for _, f := range want.Findings {
		id := f.Customer + " " + f.Task + " " + f.Key
		if !b.findings[id] {
			faults = append(faults, fmt.Errorf("finding %s is missing", id))
			continue
		}
		left--
	}
	if left > 0 {
		faults = append(faults, fmt.Errorf("%d findings are reported that the world does not hold", left))
	}
	return faults
}
