package localworld

import (
	"encoding/json"
	"fmt"
	"slices"
)

// outcomeBook is how each task at each customer of one run ended, read from the
// rows of table Outcomes, so that the comparison with the world does not rest
// on sums alone: two wrong outcomes may cancel out in a sum.
type outcomeBook struct {
	run   string
	ended map[string]string // "<customer> <task>": "<state> <reason>"
}

func newOutcomeBook(run string) *outcomeBook {
	return &outcomeBook{run: run, ended: map[string]string{}}
}

// note takes a row if it is an outcome of the run.
func (b *outcomeBook) note(where string, row []byte) {
	if where != "table Outcomes" {
		return
	}
	var o struct{ PartitionKey, Customer, Task, State, Reason string }
	if err := json.Unmarshal(row, &o); err != nil || o.PartitionKey != b.run {
		return // a row that cannot be read is missed below
	}
	b.ended[o.Customer+" "+o.Task] = o.State + " " + o.Reason
}

// compare names every task that ended otherwise than the world says, and every
// one that is missing or surplus.
func (b *outcomeBook) compare(want *Expected) []string {
	var wrong []string
	expected := make(map[string]bool, len(want.Outcomes))
	for _, o := range want.Outcomes {
		key := o.Customer + " " + o.Task
		expected[key] = true
		if got := b.ended[key]; got != o.State+" "+o.Reason {
			wrong = append(wrong, fmt.Sprintf("%s: %q, the world says %q", key, got, o.State+" "+o.Reason))
		}
	}
	for key, got := range b.ended {
		if !expected[key] {
			wrong = append(wrong, fmt.Sprintf("%s: %q, the world has no such task", key, got))
		}
	}
	slices.Sort(wrong)
	return wrong
}
