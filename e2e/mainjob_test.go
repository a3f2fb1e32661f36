package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/localworld"
)

// tasksEach is how many tasks are done at a customer unless SAMKEEPER_TASKS says
// otherwise.
const tasksEach = 6

// TestMainJob is `make demo` with other seeds: what is reported must be what
// the world holds, whatever the world.
func TestMainJob(t *testing.T) {
	for _, row := range []struct {
		name      string
		customers int
		seed      uint64
	}{{"one customer", 1, 3}, {"forty customers", 40, 11}} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			dir := t.TempDir()
			report, err := localworld.Demo(within(t, 2*time.Minute), localworld.DemoOptions{
				Options: localworld.Options{ScriptRoot: scriptRoot, Customers: row.customers, Seed: row.seed, Install: os.Stderr},
				OutDir:  dir, Out: &out,
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			if report.CustomersVisited != row.customers || report.TasksExpected != tasksEach*row.customers {
				t.Errorf("the report counts wrong: %+v", report)
			}
			if text := out.String(); !strings.Contains(text, "sums match") {
				t.Errorf("the output does not tell the sums:\n%s", text)
			}
			if _, err := os.Stat(filepath.Join(dir, "report.json")); err != nil {
				t.Error(err)
			}
		})
	}
}
