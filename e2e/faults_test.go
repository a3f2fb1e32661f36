package e2e_test

import (
	"os"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/sim/faults"
)

// TestSweepThroughTrouble: throttles, outages and lost answers delay a sweep
// and change nothing about what it finds.
func TestSweepThroughTrouble(t *testing.T) {
	w := start(t, localworld.Options{Customers: 12, Seed: 21})
	ctx := within(t, 3*time.Minute)
	must(t, w.Consent(ctx))
	must(t, w.Fire(ctx, "RotateRefreshTokens"))
	for _, fault := range []faults.Fault{
		{Host: "graph", Kind: faults.Status, Status: 429, RetryAfter: "1", Times: 3},
		{Host: "arm", Kind: faults.Status, Status: 429, RetryAfter: "date:2", Times: 3},
		{Host: "arm", Kind: faults.Status, Status: 503, Times: 3},
		{Host: "login", Path: "/token", Kind: faults.Drop, Times: 2},
		{Host: "arm", Kind: faults.Lost, Times: 2},
	} {
		_, err := w.Sim.Faults.Set(fault)
		must(t, err)
	}
	// Where discovery meets the outage the supervisor begins the run later.
	for err := w.Fire(ctx, "EnqueueCustomers"); err != nil; err = w.Fire(ctx, "SuperviseRuns") {
		must(t, ctx.Err())
	}
	run := awaitRun(t, w)
	if len(w.Sim.Faults.Active()) > 0 {
		t.Errorf("these faults were never met: %v", w.Sim.Faults.Active())
	}
	want, err := w.Expected(ctx)
	must(t, err)
	if run.Failed > 0 || run.Done != want.Done || run.Expected != want.Tasks {
		t.Errorf("got %+v, want %d of %d done", run, want.Done, want.Tasks)
	}
	report := localworld.Report{}
	hits, err := w.HuntLeaks(ctx, &report)
	must(t, err)
	if len(hits) > 0 {
		t.Errorf("leaks: %v", hits)
	}
}

// TestClouds: the main job passes in every cloud, whose issuers, audiences and
// federation differ.
func TestClouds(t *testing.T) {
	for _, cloud := range []string{"usgov", "china"} {
		t.Run(cloud, func(t *testing.T) {
			var out writer
			_, err := localworld.Demo(within(t, 2*time.Minute), localworld.DemoOptions{
				Options: localworld.Options{ScriptRoot: scriptRoot, Customers: 5, Seed: 9, Cloud: cloud, Install: os.Stderr},
				OutDir:  t.TempDir(), Out: &out,
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

// writer collects output.
type writer []byte

func (w *writer) Write(p []byte) (int, error) { *w = append(*w, p...); return len(p), nil }

// awaitRun waits until nothing of the newest run is pending.
func awaitRun(t *testing.T, w *localworld.World) *localworld.Run {
	t.Helper()
	ctx := within(t, 2*time.Minute)
	for {
		status, err := w.Status(ctx)
		must(t, err)
		if run := status.Newest(); run != nil && run.State != "writing" && run.Pending == 0 {
			return run
		}
		select {
		case <-ctx.Done():
			t.Fatal("the run did not end")
		case <-time.After(300 * time.Millisecond):
		}
	}
}
