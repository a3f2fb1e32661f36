package peer

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/sim/record"
	"github.com/samkeeper/samkeeper/sim/world"
)

func TestBook(t *testing.T) {
	t.Parallel()
	want := world.Expected{
		Outcomes: []world.ExpectedOutcome{{Customer: "a", Task: "health", State: "done"}, {Customer: "b", Task: "health", State: "skipped", Reason: "no_gdap"}, {Customer: "c", Task: "health", State: "skipped", Reason: "consent_missing"}},
		Findings: []world.ExpectedFinding{{Customer: "a", Task: "health", Key: "k"}},
	}
	right := func(b *book) {
		b.outcome("a", "health", "done", "")
		b.outcome("c", "health", "skipped", "consent_missing")
		b.finding("a", "health", "k")
	}
	for name, row := range map[string]struct {
		write func(*book)
		fault string // part of the complaint; "" for none
	}{
		"right":                {right, ""},
		"nothing done":         {func(*book) {}, `a health: "", the world says "done "`},
		"visited without need": {func(b *book) { right(b); b.outcome("d", "health", "done", "") }, "no such task"},
		"twice":                {func(b *book) { right(b); b.outcome("a", "health", "done", "") }, "reported twice"},
		"finding twice":        {func(b *book) { right(b); b.finding("a", "health", "k") }, "reported twice"},
		"finding invented":     {func(b *book) { right(b); b.finding("a", "health", "x") }, "1 findings are reported that"},
		"wrong reason":         {func(b *book) { right(b); b.outcomes["c health"] = "skipped no_azure_rbac" }, "no_azure_rbac"},
	} {
		b := newBook()
		row.write(b)
		err := b.compare(want)
		if row.fault == "" && err != nil || row.fault != "" && (err == nil || !strings.Contains(err.Error(), row.fault)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRequestsSince(t *testing.T) {
	t.Parallel()
	get, post := record.Count{Host: "arm", Method: "GET", Route: "/r", Status: 200}, record.Count{Host: "arm", Method: "POST", Route: "/r", Status: 200}
	times := func(c record.Count, n int) record.Count { c.Count = n; return c }
	grown := since([]record.Count{times(get, 2)}, []record.Count{times(get, 5), times(post, 1)})
	if diff := cmp.Diff([]record.Count{times(get, 3), times(post, 1)}, grown); diff != "" {
		t.Error(diff)
	}
	mix := compareRequests(grown, []record.Count{times(get, 4)})
	want := []Mix{{"arm", "GET", "/r", 200, 3, 4}, {"arm", "POST", "/r", 200, 1, 0}}
	if diff := cmp.Diff(want, mix); diff != "" {
		t.Error(diff)
	}
}

func TestSums(t *testing.T) {
	t.Parallel()
	r := &Report{Jobs: 10, starts: map[string]time.Duration{Samkeeper: 10 * time.Millisecond, Node: 90 * time.Millisecond}, Rounds: []Round{
		{Side: Samkeeper, Jobs: 10, CPU: 1, CPULate: .5, LateJobs: 5, Wall: 2, PeakRSS: 30},
		{Side: Node, Jobs: 10, CPU: 4, CPULate: 2, LateJobs: 5, Wall: 2, PeakRSS: 90},
		{Side: Samkeeper, Jobs: 10, CPU: 1, CPULate: .5, LateJobs: 5, Wall: 2, PeakRSS: 25},
		{Side: Node, Jobs: 10, CPU: 8, CPULate: 2, LateJobs: 5, Wall: 2, PeakRSS: 95},
	}}
	r.sum()
	ratios := map[string]float64{}
	for _, l := range r.Lines {
		ratios[l.What] = l.Ratio
	}
	if ratios["jobs per CPU-second, whole sweep"] != 6 || ratios["jobs per CPU-second, second half (warm)"] != 4 ||
		ratios["jobs per second of wall time"] != 1 || ratios["start, exec to first answer (median)"] != 9 {
		t.Errorf("ratios %v", ratios)
	}
	missed := r.Missed()
	if len(missed) != 1 || !strings.HasPrefix(missed[0].What, "start") {
		t.Errorf("missed %+v", missed)
	}
}

func TestOwnCPUTimeGrows(t *testing.T) {
	t.Parallel()
	before, err := cpuTime(os.Getpid())
	if errors.Is(err, ErrUnable) {
		t.Skip("this system does not tell the time of a process:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		now, err := cpuTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if now > before {
			return
		}
	}
	t.Error("busy for long, and no CPU time used")
}
