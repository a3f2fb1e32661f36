package localworld

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Report is what a demo run found, written as report.json. Durations are in
// seconds, memory in MiB, counts are plain numbers.
type Report struct {
	Seed              uint64         `json:"seed"`
	CustomersExpected int            `json:"customers_expected"`
	CustomersVisited  int            `json:"customers_visited"`
	TasksExpected     int            `json:"tasks_expected"`
	TasksDone         int            `json:"tasks_done"`
	TasksSkipped      map[string]int `json:"tasks_skipped"` // by reason
	TasksFailed       map[string]int `json:"tasks_failed"`  // by class
	FindingsOpen      int            `json:"findings_open"`
	FindingsExpected  int            `json:"findings_expected"`
	FindingsMissing   []string       `json:"findings_missing"` // in the world, not reported
	FindingsSurplus   []string       `json:"findings_surplus"` // reported, not in the world
	OutcomesWrong     []string       `json:"outcomes_wrong"`   // tasks that ended otherwise than the world says
	NoAccess          int            `json:"customers_without_access"`
	ConsentsExpected  int            `json:"consents_expected"` // customers where one is missing and can be given
	ConsentsGiven     int            `json:"consents_given"`
	ConsentsProved    int            `json:"consents_proved"` // by a token
	Connections       int            `json:"connections"`
	VaultVersions     int            `json:"vault_versions"`
	RotationProved    bool           `json:"rotation_proved"`
	DurationS         float64        `json:"duration_s"`
	SweepS            float64        `json:"sweep_s"`
	HandlerPeakRSSMB  float64        `json:"handler_peak_rss_mb"`
	Poisoned          int            `json:"poisoned"`
	SecretLeaks       int            `json:"secret_leaks"` // bytes of minted secrets found anywhere
	SecretsHunted     int            `json:"secrets_hunted"`
	BytesSearched     int64          `json:"bytes_searched"`

	// want is what the world said before the sweep, which changes it: consents
	// are given.
	want *Expected
}

// Expected is what the simulated world holds: the truth a sweep is held to.
type Expected struct {
	Customers int               `json:"customers"`
	Tasks     int               `json:"tasks"`
	Done      int               `json:"done"`
	SkippedBy map[string]int    `json:"skipped_by"`
	FailedBy  map[string]int    `json:"failed_by"`
	Outcomes  []ExpectedOutcome `json:"outcomes"`
	Findings  []ExpectedFinding `json:"findings"`
	Consents  int               `json:"consents"` // customers where the sweep gives a consent
}

// ExpectedOutcome is how one task at one customer must end.
type ExpectedOutcome struct {
	Customer string `json:"customer"`
	Task     string `json:"task"`
	State    string `json:"state"`
	Reason   string `json:"reason"`
}

// ExpectedFinding is one trouble the world holds.
type ExpectedFinding struct {
	Customer string `json:"customer"`
	Task     string `json:"task"`
	Kind     string `json:"kind"`
	Key      string `json:"key"`
}

// fill copies what the app says of its newest run and compares it with the world.
func (r *Report) fill(status *Status, want *Expected) {
	r.CustomersExpected, r.FindingsExpected = want.Customers, len(want.Findings)
	r.Connections, r.NoAccess, r.FindingsOpen = len(status.Connections), len(status.NoAccess), status.FindingsNum
	r.RotationProved = len(status.Connections) > 0
	for _, c := range status.Connections {
		r.RotationProved = r.RotationProved && c.Proved
	}
	if run := status.Newest(); run != nil {
		r.CustomersVisited, r.TasksExpected, r.TasksDone = run.Customers, run.Expected, run.Done
		r.TasksSkipped, r.TasksFailed = run.SkippedBy, run.FailedBy
	}
	r.FindingsMissing, r.FindingsSurplus = difference(findingKeys(want.Findings), reportedKeys(status.Findings))
	r.OutcomesWrong = wrongCounts(want.SkippedBy, r.TasksSkipped)
}

func findingKeys(list []ExpectedFinding) []string {
	keys := make([]string, len(list))
	for i, f := range list {
		keys[i] = f.Customer + " " + f.Task + " " + f.Key
	}
	return keys
}

func reportedKeys(list []Finding) []string {
	keys := make([]string, len(list))
	for i, f := range list {
		keys[i] = f.Customer + " " + f.Task + " " + f.Key
	}
	return keys
}

// difference returns what only a and what only b holds; repeats count.
func difference(a, b []string) (onlyA, onlyB []string) {
	onlyA, onlyB = []string{}, []string{}
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	for _, s := range a {
		if count[s]--; count[s] < 0 {
			onlyA = append(onlyA, s)
		}
	}
	for s, n := range count {
		for range n {
			onlyB = append(onlyB, s)
		}
	}
	slices.Sort(onlyB)
	return onlyA, onlyB
}

func wrongCounts(want, got map[string]int) []string {
	wrong := []string{}
	for reason, n := range want {
		if got[reason] != n {
			wrong = append(wrong, fmt.Sprintf("%s: %d tasks, the world holds %d", reason, got[reason], n))
		}
	}
	for reason, n := range got {
		if _, known := want[reason]; !known {
			wrong = append(wrong, fmt.Sprintf("%s: %d tasks, the world holds none", reason, n))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// Verify returns every way in which the report falls short, or nil.
func (r *Report) Verify() error {
	var faults []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	settled := r.TasksDone + total(r.TasksSkipped) + total(r.TasksFailed)
	want(r.TasksExpected > 0 && r.TasksExpected == settled, "%d tasks expected, %d accounted for", r.TasksExpected, settled)
	want(r.CustomersVisited == r.CustomersExpected, "%d customers in the run, the world has %d", r.CustomersVisited, r.CustomersExpected)
	want(total(r.TasksFailed) == 0, "%d tasks failed: %v", total(r.TasksFailed), r.TasksFailed)
	want(len(r.OutcomesWrong) == 0, "%d outcomes differ from the world, first: %.300s", len(r.OutcomesWrong), first(r.OutcomesWrong))
	want(len(r.FindingsMissing) == 0, "%d findings of the world are missing, first: %.300s", len(r.FindingsMissing), first(r.FindingsMissing))
	want(len(r.FindingsSurplus) == 0, "%d findings are not in the world, first: %.300s", len(r.FindingsSurplus), first(r.FindingsSurplus))
	want(r.FindingsOpen == r.FindingsExpected, "%d findings open, the world holds %d", r.FindingsOpen, r.FindingsExpected)
	want(r.ConsentsGiven == r.ConsentsExpected, "consent was given at %d customers, it is missing and can be given at %d", r.ConsentsGiven, r.ConsentsExpected)
	want(r.ConsentsProved == r.ConsentsGiven, "of %d consents given, %d were proved", r.ConsentsGiven, r.ConsentsProved)
	want(r.RotationProved, "the rotated token was not proved")
	want(r.VaultVersions >= 2, "the vault holds %d versions of the refresh token, want the consent's and the rotation's", r.VaultVersions)
	want(r.SecretLeaks == 0, "%d bytes of secrets leaked", r.SecretLeaks)
	want(r.SecretsHunted > 0 && r.BytesSearched > 0, "the hunt for leaks searched nothing")
	want(r.Poisoned == 0, "%d messages were poisoned", r.Poisoned)
	return errors.Join(faults...)
}

func total(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// Write stores the report as indented JSON.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
