package statuspage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs/access"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/statuspage"
)

// lacks are findings of the radar at n customers.
func lacks(n int, key string, severity sam.Severity, change func(int, *sam.Finding)) []ledger.FindingRow {
	rows := make([]ledger.FindingRow, n)
	for i := range rows {
		kind, _, _ := strings.Cut(key, "|")
		f := sam.Finding{
			Customer: sam.CustomerID(fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", i)), Task: access.Name, Key: key, Kind: kind,
			Severity: severity, Title: "lacks " + key, Fix: "the same", Owner: sam.OwnerPartner,
		}
		if change != nil {
			change(i, &f)
		}
		rows[i] = ledger.FindingRow{Finding: f, Open: true, OpenedAt: now}
	}
	return rows
}

// Permissions are folded: one row each, with everybody who lacks it; worst and
// most frequent first; the fix stands once where it is the same.
func TestPermissionsAreFolded(t *testing.T) {
	t.Parallel()
	k := &kept{findings: slices.Concat(
		lacks(2, access.FindingMissing+"|azure", sam.Medium, func(i int, f *sam.Finding) { f.Fix = fmt.Sprint("fix ", i) }),
		lacks(3, access.FindingMissing+"|role|directory", sam.Medium, nil),
		lacks(1, access.FindingMissing+"|relationship", sam.High, nil),
		lacks(4, access.FindingMissing+"|role|consent", sam.Low, func(i int, f *sam.Finding) {
			if i == 3 {
				f.Owner = sam.OwnerCustomer
			}
		}),
	)}
	s := load(t, k)
	var got []string
	for _, p := range s.Access.Missing {
		got = append(got, fmt.Sprintf("%d %s %s %q", p.Count, p.Permission, p.Owner, p.Fix))
	}
	want := []string{
		`1 relationship partner "the same"`, `3 role|directory partner "the same"`, `2 azure partner ""`,
		`3 role|consent partner "the same"`, `1 role|consent customer "the same"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if a := s.Access.Missing[2].Lacking; a[0].Fix != "fix 0" || a[1].Fix != "fix 1" {
		t.Errorf("fixes of the rows: %+v", a)
	}
	if s.FindingsOpen != 10 || s.Access.Lacks() != 10 {
		t.Errorf("%d findings, %d lacks", s.FindingsOpen, s.Access.Lacks())
	}
	page := string(html(t, s))
	for _, text := range []string{"Named with each customer.", "fix 1", "Nothing else is wrong"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func TestEndingsByDate(t *testing.T) {
	t.Parallel()
	k := &kept{
		findings: lacks(4, access.FindingEnding+"|relationship|r", sam.Low, func(i int, f *sam.Finding) {
			f.Due = now.Add(time.Duration([]int{70, -1, 3, 0}[i])*24*time.Hour + time.Hour)
		}),
		runs: []ledger.Run{{ID: "r", State: ledger.RunClosed, Tasks: []string{access.Name}}},
	}
	s := load(t, k)
	var left []int
	for _, e := range s.Access.Ending {
		left = append(left, e.DaysLeft)
	}
	if !slices.Equal(left, []int{0, 0, 3, 70}) {
		t.Errorf("days left %v", left)
	}
	page := string(html(t, s))
	for _, text := range []string{"4 relationships end within 90 days", "the last day", "70 days left"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

// A page of ten thousand customers stays small; the JSON has all of them.
func TestManyLackTheSame(t *testing.T) {
	t.Parallel()
	s := load(t, &kept{findings: slices.Concat(
		lacks(250, access.FindingMissing+"|consent", sam.High, nil),
		lacks(250, access.FindingEnding+"|relationship|r", sam.Low, func(_ int, f *sam.Finding) { f.Due = now }),
	)})
	if len(s.Access.Missing[0].Lacking) != 250 || len(s.Access.Ending) != 250 {
		t.Errorf("the JSON has %d and %d", len(s.Access.Missing[0].Lacking), len(s.Access.Ending))
	}
	if page := string(html(t, s)); strings.Count(page, "and 50 more, in the JSON") != 2 || !strings.Contains(page, "250 customers") {
		t.Error("the page is not cut")
	}
}

// Without the task in any run, nothing is said to be fine.
func TestRadarSwitchedOff(t *testing.T) {
	t.Parallel()
	watched := func(tasks ...string) statuspage.Status {
		return load(t, &kept{runs: []ledger.Run{{ID: "r", State: ledger.RunClosed, Tasks: tasks}}})
	}
	if s := watched("health"); s.Access.Watched || strings.Contains(string(html(t, s)), "No permission is missing") {
		t.Errorf("%+v", s.Access)
	}
	if s := watched("health", access.Name); !s.Access.Watched || !strings.Contains(string(html(t, s)), "No permission is missing") {
		t.Errorf("%+v", s.Access)
	}
}
