package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/localworld/load"
)

// TestLoad is `make load`, small: two instances over the simulated storage
// share one sweep, and the sums are exact.
func TestLoad(t *testing.T) {
	var said strings.Builder
	report, err := load.Run(within(t, 2*time.Minute), load.Options{
		ScriptRoot: scriptRoot, WorkDir: t.TempDir(), Seed: 5, Progress: &said,
		Plans: []load.Plan{{Customers: 30, Instances: 2}},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	if missed := report.Verdict(); len(missed) > 0 {
		t.Error(strings.Join(missed, "\n"))
	}
	s := report.Sweeps[0]
	if s.Expected != 90 || s.Jobs < 25 || s.Requests == 0 || s.StorageOps == 0 || s.CPUS == 0 || s.BilledS == 0 {
		t.Errorf("not everything was counted: %+v", s)
	}
	report.Print(&said)
	if !strings.Contains(said.String(), "30 (2)") {
		t.Errorf("the table does not show the sweep:\n%s", &said)
	}
}
