package e2e_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld"
)

// samctl runs the operator's command line on a world's storage account.
type samctl struct {
	binary, account string
}

func newSamctl(t *testing.T, w *localworld.World) samctl {
	t.Helper()
	s := samctl{filepath.Join(t.TempDir(), "samctl"), w.Azurite.ConnectionString()}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", s.binary, "../cmd/samctl")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building samctl: %v\n%s", err, out)
	}
	return s
}

// ask runs a command with JSON output into answer; its exit code must be the
// given one.
func (s samctl) ask(ctx context.Context, t *testing.T, exit int, answer any, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, s.binary, append(args, "-o", "json")...)
	cmd.Env = []string{"AzureWebJobsStorage=" + s.account, "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != exit {
		t.Fatalf("samctl %s: exit code %d, want %d: %v\n%s", strings.Join(args, " "), code, exit, err, out)
	}
	if strings.Contains(string(out), "AccountKey") || strings.Contains(string(out), "eyJ") {
		t.Errorf("samctl %s shows a secret:\n%s", strings.Join(args, " "), out)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("samctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// givenUpJobs is what samctl jobs list says.
type givenUpJobs struct {
	Jobs []struct {
		ID, Run, Class, Code string
		Foreign              bool
		Tasks                []string
	} `json:"jobs"`
}

// settled waits until nothing of the newest run is pending and no message
// waits, and returns the run.
func (s samctl) settled(ctx context.Context, t *testing.T) localworld.Run {
	t.Helper()
	for {
		var list struct{ Runs []localworld.Run }
		s.ask(ctx, t, 0, &list, "runs", "list", "--limit", "1")
		if len(list.Runs) == 1 {
			var shown struct{ Run localworld.Run }
			s.ask(ctx, t, 0, &shown, "runs", "show", list.Runs[0].ID)
			if shown.Run.State != "writing" && shown.Run.Pending == 0 {
				return shown.Run
			}
		}
		select {
		case <-ctx.Done():
			t.Fatal("the run did not settle")
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// impatient is a staged dist/ whose host gives a failed message back at once.
func impatient(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(scriptRoot)))
	must(t, os.Chmod(filepath.Join(dir, "handler"), 0o700))
	host, err := os.ReadFile(filepath.Join(dir, "host.json"))
	must(t, err)
	quick := strings.NewReplacer(`"visibilityTimeout": "00:01:00"`, `"visibilityTimeout": "00:00:00"`, `"maxPollingInterval": "00:00:15"`, `"maxPollingInterval": "00:00:01"`).Replace(string(host))
	if quick == string(host) {
		t.Fatal("host.json no longer reads as this test expects")
	}
	must(t, os.WriteFile(filepath.Join(dir, "host.json"), []byte(quick), 0o600))
	return dir
}

// TestPoisonIsFiledShownAndReplayed: a table is gone, so every job fails five
// times; each ends on the record with that reason and class. When the table is
// back the jobs are replayed, and the sums of both runs hold.
func TestPoisonIsFiledShownAndReplayed(t *testing.T) {
	w := start(t, localworld.Options{Customers: 4, Seed: 21, ScriptRoot: impatient(t)})
	ctx := within(t, 3*time.Minute)
	ctl := newSamctl(t, w)
	must(t, w.Consent(ctx))
	clients, err := storage.New(storage.Config{ConnectionString: w.Azurite.ConnectionString()})
	must(t, err)
	_, err = clients.Table(storage.TableFindings).Delete(ctx, nil)
	must(t, err)
	must(t, clients.Send(ctx, storage.QueueCustomerJobs, []byte(`{"refresh_token":"Zm9vYmFy"}`), 0))
	must(t, w.Fire(ctx, "EnqueueCustomers"))

	failed := ctl.settled(ctx, t)
	if failed.Failed == 0 || failed.FailedBy["configuration"] != failed.Failed {
		t.Fatalf("the run %+v: want every given-up task filed by the class of its reason", failed)
	}
	list := awaitForeign(ctx, t, ctl)
	for _, j := range list.Jobs {
		if !j.Foreign && (j.Code != "TableNotFound" || j.Run != failed.ID || len(j.Tasks) == 0) {
			t.Errorf("given up: %+v", j)
		}
	}

	_, err = clients.Table(storage.TableFindings).CreateTable(ctx, nil)
	must(t, err)
	must(t, w.Fire(ctx, "SuperviseRuns"))
	var report struct {
		Sent, Refused int
		Jobs          []struct{ Verdict, Run string }
	}
	ctl.ask(ctx, t, 1, &report, "jobs", "replay", "--all", "--dry-run")
	ctl.ask(ctx, t, 1, &report, "jobs", "replay", "--all") // the foreign one cannot be
	if report.Sent != len(list.Jobs)-1 || report.Refused != 1 {
		t.Errorf("replayed %+v of %d", report, len(list.Jobs))
	}
	replayed := ctl.settled(ctx, t)
	if replayed.ID == failed.ID || replayed.Expected != failed.Failed || replayed.Failed != 0 || replayed.Done+replayed.Skipped != replayed.Expected {
		t.Errorf("the replay %+v of %+v", replayed, failed)
	}
	must(t, w.Fire(ctx, "SuperviseRuns"))
	for id, want := range map[string]int{failed.ID: failed.Failed, replayed.ID: 0} {
		var shown struct{ Run localworld.Run }
		ctl.ask(ctx, t, 0, &shown, "runs", "show", id)
		if r := shown.Run; r.State != "closed" || r.Failed != want || r.Done+r.Skipped+r.Failed != r.Expected {
			t.Errorf("run %+v: want it closed, with %d failed", r, want)
		}
	}
	ctl.ask(ctx, t, 0, &list, "jobs", "list")
	if len(list.Jobs) != 1 || !list.Jobs[0].Foreign {
		t.Errorf("left to replay: %+v", list)
	}
}

// awaitForeign waits for the foreign message to be on the list, behind the jobs.
func awaitForeign(ctx context.Context, t *testing.T, ctl samctl) givenUpJobs {
	t.Helper()
	for {
		var list givenUpJobs
		ctl.ask(ctx, t, 0, &list, "jobs", "list")
		for _, j := range list.Jobs {
			if j.Foreign && len(list.Jobs) > 1 {
				return list
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no foreign message on the list: %+v", list)
		case <-time.After(300 * time.Millisecond):
		}
	}
}
