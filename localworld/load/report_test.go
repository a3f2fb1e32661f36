package load_test

import (
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/localworld/load"
)

// good is a sweep that misses no goal.
func good(customers int) load.Sweep {
	return load.Sweep{
		Customers: customers, Instances: 1, WallS: 10, State: "closed",
		Expected: 3 * customers, Done: 2 * customers, Skipped: customers, WantDone: 2 * customers, WantSkipped: customers,
		Jobs: customers, Messages: customers, Requests: 6 * customers, StorageOps: 18 * customers, CPUS: float64(customers) / 100, PeakMiB: 40,
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(few, many *load.Sweep, c *load.Contest)
		want   string // part of the one goal missed; "" for none
	}{
		"nothing is wrong":          {func(_, _ *load.Sweep, _ *load.Contest) {}, ""},
		"a run that is still open":  {func(_, m *load.Sweep, _ *load.Contest) { m.State = "open" }, "the run is open"},
		"an outcome that is lost":   {func(_, m *load.Sweep, _ *load.Contest) { m.Expected++ }, "are not the 3001 expected"},
		"another count":             {func(_, m *load.Sweep, _ *load.Contest) { m.WantDone++; m.WantSkipped-- }, "the world says"},
		"a failed invocation":       {func(f, _ *load.Sweep, _ *load.Contest) { f.FailedInvocations = 1 }, "1 invocations failed"},
		"a fat handler":             {func(_, m *load.Sweep, _ *load.Contest) { m.PeakMiB = 129 }, "used 129 MiB"},
		"requests that grow":        {func(_, m *load.Sweep, _ *load.Contest) { m.Requests += m.Requests / 5 }, "1.20 times the requests"},
		"storage that grows":        {func(_, m *load.Sweep, _ *load.Contest) { m.StorageOps *= 2 }, "2.00 times the storage operations"},
		"storage that is not known": {func(f, m *load.Sweep, _ *load.Contest) { f.StorageOps, m.StorageOps = 0, 0 }, ""},
		"CPU time that grows":       {func(_, m *load.Sweep, _ *load.Contest) { m.CPUS *= 1.12 }, "1.12 times the CPU time"},
		"CPU time that shrinks":     {func(_, m *load.Sweep, _ *load.Contest) { m.CPUS /= 2 }, ""},
		"slow senders":              {func(_, _ *load.Sweep, c *load.Contest) { c.Ratios = []float64{0.9, 0.7, 0.6} }, "0.70 of a plain loop's rate"},
		"one slow turn":             {func(_, _ *load.Sweep, c *load.Contest) { c.Ratios = []float64{0.9, 0.2, 0.9, 0.8} }, ""},
	} {
		few, many, c := good(100), good(1000), load.Contest{Messages: 100, PlainS: 1, OursS: 1, Ratios: []float64{1}}
		row.change(&few, &many, &c)
		report := load.Report{Sweeps: []load.Sweep{few, many}, Enqueues: &c}
		missed := strings.Join(report.Verdict(), "\n")
		if (missed == "") != (row.want == "") || !strings.Contains(missed, row.want) || strings.Contains(missed, "\n") {
			t.Errorf("%s: missed %q, want %q", name, missed, row.want)
		}
	}
}

func TestSlow(t *testing.T) {
	t.Parallel()
	slow, other := good(1000), good(500)
	slow.WallS, other.WallS = 181, 1000
	report := load.Report{Sweeps: []load.Sweep{good(1000), other}}
	if missed := report.Slow(); len(missed) != 0 {
		t.Error(missed)
	}
	report.Sweeps = append(report.Sweeps, slow)
	if missed := report.Slow(); len(missed) != 1 || !strings.Contains(missed[0], "181 s") {
		t.Error(missed)
	}
}

func TestFailedOutcomesAreMissed(t *testing.T) {
	t.Parallel()
	s := good(10)
	s.Done, s.Failed = s.Done-1, 1
	report := load.Report{Sweeps: []load.Sweep{s}}
	if missed := strings.Join(report.Verdict(), "\n"); !strings.Contains(missed, "1 outcomes failed") {
		t.Error(missed)
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	report := load.Report{Latency: "150ms", Storage: "simulated", Sweeps: []load.Sweep{good(100), good(1000)}, Enqueues: &load.Contest{Messages: 100, PlainS: 1, OursS: 2, Ratios: []float64{0.5}}}
	report.Print(&out)
	for _, want := range []string{"1000 (1)", "2000 / 1000 / 0", "18.00", "1.00 × the requests", "50 a second, a plain loop 100 a second: ratio 0.50"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}
