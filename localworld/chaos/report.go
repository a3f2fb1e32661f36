package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/samkeeper/samkeeper/sim/storage"
)

// Report is what a kill test went through and what came of it. Times are in
// seconds, memory in MiB.
type Report struct {
	Seed      uint64   `json:"seed"`
	Customers int      `json:"customers"`
	Handlers  int      `json:"handlers"`
	Cores     int      `json:"cores"`
	Breaches  []string `json:"breaches"` // what differs; none is a success

	Kills        int64 `json:"kills"` // handlers killed with SIGKILL
	HostsLost    int64 `json:"hosts_lost"`
	HostsAnew    int64 `json:"hosts_replaced"`        // lost ones, and those whose handler was killed three times
	TimersKilled int   `json:"timer_functions_ended"` // opening or supervising, ended by a kill or a fault
	TimersSpared int64 `json:"timer_functions_spared"`

	Storage      storage.Mishaps `json:"storage"`
	Throttled    int             `json:"answers_429"`     // of the cloud
	CloudErrors  int             `json:"answers_5xx"`     // of the cloud
	Deliveries   int64           `json:"jobs_delivered"`  // that ended well
	Redeliveries int64           `json:"jobs_failed"`     // that ended badly, and were delivered again
	PoisonFailed int64           `json:"records_failed"`  // of given-up messages, delivered again
	Runs         []RunSums       `json:"runs"`            //
	Opened       int             `json:"findings_opened"` // once each
	Closed       int             `json:"findings_closed"`
	Open         int             `json:"findings_open"`

	EventsRepeated int     `json:"events_repeated"` // told apart by their key
	Results        int     `json:"results_stored"`
	Poisoned       int     `json:"jobs_given_up"`
	Foreign        int     `json:"foreign_messages"`
	PeakRSSMB      float64 `json:"handler_peak_rss_mb"`
	WallS          float64 `json:"wall_s"`
}

// RunSums is one run and its sums.
type RunSums struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Expected int    `json:"expected"`
	Done     int    `json:"done"`
	Skipped  int    `json:"skipped"`
	Failed   int    `json:"failed"`
	Pending  int    `json:"pending"`
}

func newReport(o Options) *Report {
	return &Report{Seed: o.Seed, Customers: o.Customers, Handlers: o.Hosts, Cores: runtime.NumCPU(), Breaches: []string{}}
}

// measure fills in what was counted on the way.
func (s *session) measure() {
	r := s.report
	r.Kills, r.HostsLost, r.HostsAnew = s.fleet.killed.Load(), s.fleet.crashed.Load(), s.fleet.replaced.Load()
	r.TimersSpared, r.Storage = s.storm.spared.Load(), s.world.Account.Mishaps()
	r.Deliveries, r.Redeliveries, r.PoisonFailed = s.failures.done.Load(), s.failures.jobs.Load(), s.failures.poison.Load()
	r.PeakRSSMB = float64(s.fleet.peak()) / (1 << 20)
	r.Throttled, r.CloudErrors = 0, 0
	for _, c := range s.world.Sim.Recorder.Counts() {
		switch {
		case c.Status == 429:
			r.Throttled += c.Count
		case c.Status >= 500:
			r.CloudErrors += c.Count
		}
	}
}

func (r *Report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// mostBreaches is how many are printed.
const mostBreaches = 20

// Print writes the table that a person reads.
func (r *Report) Print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	line := func(what, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", what, fmt.Sprintf(format, args...)) }
	line("kills survived", "%d handlers, %d whole hosts; %d hosts replaced", r.Kills, r.HostsLost, r.HostsAnew)
	line("timer functions ended", "%d (opening or supervising a run)", r.TimersKilled)
	line("messages", "%d lost, %d doubled, %d late, %d handed out twice", r.Storage.Dropped, r.Storage.Duplicated, r.Storage.Delayed, r.Storage.Redelivery)
	line("storage", "%d requests refused, %d answers lost, %d slow", r.Storage.Refused, r.Storage.Lost, r.Storage.Slowed)
	line("cloud", "%d answers 429, %d answers 5xx", r.Throttled, r.CloudErrors)
	line("jobs", "%d delivered well, %d deliveries failed and repeated, %d given up", r.Deliveries, r.Redeliveries, r.Poisoned)
	for _, run := range r.Runs {
		line("run "+run.ID, "%s: %d expected = %d done + %d skipped + %d failed", run.State, run.Expected, run.Done, run.Skipped, run.Failed)
	}
	line("findings", "%d opened once, %d closed once, %d open; %d events repeated with the same key", r.Opened, r.Closed, r.Open, r.EventsRepeated)
	line("results", "%d stored, none over a newer one unless listed below", r.Results)
	line("wall time", "%.0f s on %d cores; handler peak %.0f MiB", r.WallS, r.Cores, r.PeakRSSMB)
	line("breaches", "%d", len(r.Breaches))
	_ = w.Flush() // the writer underneath reports its own errors to nobody
	for _, b := range r.Breaches[:min(len(r.Breaches), mostBreaches)] {
		fmt.Fprintln(out, "  "+strings.ReplaceAll(b, "\n", " "))
	}
}
