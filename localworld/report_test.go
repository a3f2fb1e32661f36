package localworld

import (
	"strings"
	"testing"
)

// good is a report without a fault.
func good() Report {
	return Report{
		CustomersExpected: 2, CustomersVisited: 2, TasksExpected: 8, TasksDone: 5,
		TasksSkipped: map[string]int{"no_gdap": 3}, FindingsOpen: 1, FindingsExpected: 1,
		Connections: 1, VaultVersions: 2, RotationProved: true, SecretsHunted: 9, BytesSearched: 100,
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	whole := good()
	if err := whole.Verify(); err != nil {
		t.Fatalf("a good report is refused: %v", err)
	}
	rows := []struct {
		name  string
		spoil func(*Report)
		says  string
	}{
		{"a lost task", func(r *Report) { r.TasksDone-- }, "accounted for"},
		{"no task at all", func(r *Report) { r.TasksExpected, r.TasksDone, r.TasksSkipped = 0, 0, nil }, "0 tasks expected"},
		{"a lost customer", func(r *Report) { r.CustomersVisited-- }, "1 customers in the run"},
		{"a failed task", func(r *Report) { r.TasksDone--; r.TasksFailed = map[string]int{"retry": 1} }, "1 tasks failed"},
		{"a wrong reason", func(r *Report) { r.OutcomesWrong = []string{"no_gdap: 1"} }, "outcomes differ"},
		{"a missing finding", func(r *Report) { r.FindingsMissing = []string{"x"} }, "are missing"},
		{"a finding too many", func(r *Report) { r.FindingsSurplus = []string{"x"} }, "not in the world"},
		{"an unproved rotation", func(r *Report) { r.RotationProved = false }, "not proved"},
		{"no rotation", func(r *Report) { r.VaultVersions = 1 }, "versions of the refresh token"},
		{"a consent that was not given", func(r *Report) { r.ConsentsExpected = 1 }, "consent was given at 0 customers"},
		{"a consent too many", func(r *Report) { r.ConsentsGiven, r.ConsentsProved = 1, 1 }, "consent was given at 1 customers"},
		{"an unproved consent", func(r *Report) { r.ConsentsExpected, r.ConsentsGiven = 1, 1 }, "1 consents given, 0 were proved"},
		{"a leak", func(r *Report) { r.SecretLeaks = 16 }, "leaked"},
		{"a blind hunt", func(r *Report) { r.SecretsHunted = 0 }, "searched nothing"},
		{"a poisoned message", func(r *Report) { r.Poisoned = 1 }, "poisoned"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := good()
			row.spoil(&r)
			if err := r.Verify(); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want a fault with %q", err, row.says)
			}
		})
	}
}

func TestFillComparesWithTheWorld(t *testing.T) {
	t.Parallel()
	want := &Expected{
		Customers: 1, SkippedBy: map[string]int{"no_gdap": 1},
		Findings: []ExpectedFinding{{Customer: "c", Task: "health", Key: "k"}, {Customer: "c", Task: "health", Key: "k2"}},
	}
	status := &Status{
		Connections: []Connection{{Proved: true}},
		Runs:        []Run{{Expected: 2, Done: 1, SkippedBy: map[string]int{"no_azure": 1}}},
		Findings:    []Finding{{Customer: "c", Task: "health", Key: "k"}, {Customer: "c", Task: "alerts", Key: "k2"}},
	}
	var r Report
	r.fill(status, want)
	if len(r.FindingsMissing) != 1 || len(r.FindingsSurplus) != 1 || len(r.OutcomesWrong) != 2 || !r.RotationProved {
		t.Errorf("the comparison is wrong: %+v", r)
	}
}
