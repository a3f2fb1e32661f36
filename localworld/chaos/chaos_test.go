package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/sim/world"
)

// stageApp does what `make dist` does, for this machine.
func stageApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "handler"), "../../cmd/handler")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the handler: %v\n%s", err, out)
	}
	host, err := os.ReadFile("../../host.json")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "host.json"), host, 0o600)
	}
	if err == nil {
		err = os.CopyFS(dir, os.DirFS("../../functions"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSample is a small storm over the real handler: every promise is kept, and
// every breach that is planted afterwards is seen.
func TestSample(t *testing.T) {
	if testing.Short() {
		t.Skip("kills handlers for half a minute")
	}
	t.Parallel()
	opts := Options{
		ScriptRoot: stageApp(t), OutDir: t.TempDir(), Customers: 40, Seed: 7, KillEvery: 300 * time.Millisecond,
		Storm: 3 * time.Second, Limit: 4 * time.Minute, Progress: t.Output(), after: plantEach,
	}
	report, err := Run(t.Context(), opts)
	var text strings.Builder
	report.Print(&text)
	if err != nil {
		t.Fatalf("%v\n%s", err, &text)
	}
	if report.Kills+report.HostsLost == 0 || report.Storage.Refused == 0 || report.Opened == 0 || report.Closed == 0 || report.Results == 0 || len(report.Runs) != 2 {
		t.Errorf("it was no storm:\n%s", &text)
	}
}

// plantEach plants every breach in turn and wants each to be seen.
func plantEach(ctx context.Context, s *session) error {
	seen := map[string]string{ // what the difference says
		plantRow: `"failed"`, plantGone: `: "" ""`, plantEvent: "opened opened", plantResult: "over one of", plantPoison: "planted was given up",
	}
	sound := *s.report
	defer func() { *s.report = sound }()
	for _, what := range Plants() {
		if err := s.plant(ctx, what); err != nil {
			return fmt.Errorf("plant %s: %w", what, err)
		}
		err := s.judge(ctx)
		if all := strings.Join(s.report.Breaches, "\n"); !errors.Is(err, ErrBreach) || !strings.Contains(all, seen[what]) {
			return fmt.Errorf("the breach %q was not seen: %w; %s", what, err, all)
		}
	}
	return nil
}

func TestStories(t *testing.T) {
	t.Parallel()
	of := func(done bool, findings ...string) *sweep {
		state := "skipped"
		if done {
			state = "done"
		}
		w := &sweep{want: world.Expected{Outcomes: []world.ExpectedOutcome{{Customer: "c", Task: "t", State: state}}}}
		for _, f := range findings {
			w.want.Findings = append(w.want.Findings, world.ExpectedFinding{Customer: "c", Task: "t", Key: f})
		}
		return w
	}
	got := wanted([]*sweep{of(true, "stays", "goes", "skipped"), of(false), of(true, "stays", "comes", "skipped")})
	for about, want := range map[string]string{
		"c t stays": "opened", "c t goes": "opened closed", "c t comes": "opened", "c t skipped": "opened",
	} {
		if got[about] != want {
			t.Errorf("%s: %q, want %q", about, got[about], want)
		}
	}
	if len(got) != 4 {
		t.Errorf("%v", got)
	}
}

func TestResultsInTheOrderOfTheirObservations(t *testing.T) {
	t.Parallel()
	b := newResultBook()
	at := func(s string) map[string]string { return map[string]string{"observed": "2026-11-22T00:00:" + s + "Z"} }
	for _, metadata := range []map[string]string{at("01"), at("03"), at("03"), at("02"), nil} {
		b.note(containerResults, "c/health.json.gz", metadata)
	}
	b.note("leases", "sweep", nil)
	if stored, wrong := b.seen(); stored != 5 || len(wrong) != 2 {
		t.Errorf("%d stored, wrong %q", stored, wrong)
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestTheScheduleIsTheSeeds: the same seed changes the world in the same way,
// another one in another.
func TestTheScheduleIsTheSeeds(t *testing.T) {
	t.Parallel()
	state := func(seed uint64) string {
		w := world.New(world.Config{Seed: 1, Customers: 30, Shares: *shares(), Start: noon, Frozen: true})
		change(w, seed, 2)
		e := w.Expected(tasks, false)
		return fmt.Sprint(e.Findings)
	}
	first, again, other := state(1), state(1), state(2)
	if first != again || first == other {
		t.Error("what happens to the customers does not hang on the seed alone")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	if _, err := Run(t.Context(), Options{Plant: "a tree"}); err == nil || !strings.Contains(err.Error(), "a tree") {
		t.Error(err)
	}
	if _, err := Run(t.Context(), Options{ScriptRoot: t.TempDir()}); err == nil {
		t.Error("an empty script root is no app")
	}
}
