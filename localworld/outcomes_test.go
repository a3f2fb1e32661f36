package localworld

import (
	"strings"
	"testing"
)

func TestOutcomeBook(t *testing.T) {
	t.Parallel()
	want := &Expected{Outcomes: []ExpectedOutcome{
		{"c1", "health", "done", ""}, {"c2", "health", "skipped", "no_gdap"}, {"c3", "health", "done", ""},
	}}
	book := newOutcomeBook("r1")
	for where, row := range map[string]string{
		"table Outcomes": `{"PartitionKey":"r1","Customer":"c1","Task":"health","State":"done"}`,
		"table Runs":     `{"PartitionKey":"r1","Customer":"c3","Task":"health","State":"done"}`,
	} {
		book.note(where, []byte(row))
	}
	book.note("table Outcomes", []byte(`{"PartitionKey":"r1","Customer":"c2","Task":"health","State":"skipped","Reason":"no_gdap"}`))
	book.note("table Outcomes", []byte(`{"PartitionKey":"r0","Customer":"c3","Task":"health","State":"done"}`))
	if wrong := book.compare(want); len(wrong) != 1 || !strings.HasPrefix(wrong[0], "c3 health") {
		t.Errorf("a missing outcome is not told alone: %v", wrong)
	}
	book.note("table Outcomes", []byte(`{"PartitionKey":"r1","Customer":"c3","Task":"health","State":"failed"}`))
	book.note("table Outcomes", []byte(`{"PartitionKey":"r1","Customer":"c4","Task":"health","State":"done"}`))
	if wrong := book.compare(want); len(wrong) != 2 {
		t.Errorf("a wrong and a surplus outcome are not told: %v", wrong)
	}
}
