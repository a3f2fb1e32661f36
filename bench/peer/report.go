package peer

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// Report is the outcome of a comparison.
type Report struct {
	Customers int     `json:"customers"`
	Jobs      int     `json:"jobs"` // customers with a relationship: one message each
	Seed      uint64  `json:"seed"`
	Latency   string  `json:"latency"`
	Cores     int     `json:"cores"`
	Go        string  `json:"go"`
	Node      string  `json:"node"`
	Rounds    []Round `json:"rounds"`
	Lines     []Line  `json:"lines"`
	Requests  []Mix   `json:"requests"` // of each side's last round

	starts map[string]time.Duration
}

// Line is one number of both sides, and their ratio in the sense of the goal:
// above one is samkeeper's advantage.
type Line struct {
	What  string  `json:"what"`
	Unit  string  `json:"unit"`
	Ours  float64 `json:"samkeeper"`
	Peers float64 `json:"node"`
	Ratio float64 `json:"ratio"`
	Goal  float64 `json:"goal,omitempty"` // least ratio wanted; 0: none
}

// Met reports whether the line has a goal and reaches it.
func (l Line) Met() bool { return l.Goal > 0 && l.Ratio >= l.Goal }

// The goals, as ratios.
const (
	goalCPU    = 5
	goalMemory = 3
	goalStart  = 10
)

// Missed lists the lines that miss their goal.
func (r *Report) Missed() []Line {
	var missed []Line
	for _, l := range r.Lines {
		if l.Goal > 0 && !l.Met() {
			missed = append(missed, l)
		}
	}
	return missed
}

// sum makes the lines of the rounds: sums of jobs over sums of time, and the
// largest memory of each side.
func (r *Report) sum() {
	ours, peers := r.total(Samkeeper), r.total(Node)
	r.Lines = []Line{
		more("jobs per CPU-second, whole sweep", "1/s", ours.perCPU(), peers.perCPU(), goalCPU),
		more("jobs per CPU-second, second half (warm)", "1/s", ours.perLateCPU(), peers.perLateCPU(), 0),
		less("CPU per job, whole sweep", "ms", 1e3/ours.perCPU(), 1e3/peers.perCPU(), 0),
		more("jobs per second of wall time", "1/s", float64(ours.Jobs)/max(ours.Wall, tick), float64(peers.Jobs)/max(peers.Wall, tick), 0),
		less("peak memory", "MiB", ours.PeakRSS, peers.PeakRSS, goalMemory),
	}
	if r.starts != nil {
		r.Lines = append(r.Lines, less("start, exec to first answer (median)", "ms", ms(r.starts[Samkeeper]), ms(r.starts[Node]), goalStart))
	}
	r.Lines = append(r.Lines, less("upstream requests per job", "", r.perJob(ours), r.perJob(peers), 0))
	r.Requests = compareRequests(ours.Requests, peers.Requests)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// total adds up the rounds of a side; memory is the largest, the requests those
// of the last round.
func (r *Report) total(name string) Round {
	sum := Round{Side: name}
	for _, round := range r.Rounds {
		if round.Side != name {
			continue
		}
		sum.Jobs += round.Jobs
		sum.LateJobs += round.LateJobs
		sum.Wall += round.Wall
		sum.CPU += round.CPU
		sum.CPULate += round.CPULate
		sum.PeakRSS = max(sum.PeakRSS, round.PeakRSS)
		sum.Requests = round.Requests
	}
	return sum
}

// The kernel counts CPU time in ticks of 10 ms: less than one counts as one.
const tick = 0.01

func (r Round) perCPU() float64     { return float64(r.Jobs) / max(r.CPU, tick) }
func (r Round) perLateCPU() float64 { return float64(r.LateJobs) / max(r.CPULate, tick) }

func more(what, unit string, ours, peers, goal float64) Line {
	return Line{What: what, Unit: unit, Ours: ours, Peers: peers, Ratio: ours / peers, Goal: goal}
}

func less(what, unit string, ours, peers, goal float64) Line {
	return Line{What: what, Unit: unit, Ours: ours, Peers: peers, Ratio: peers / ours, Goal: goal}
}

// perJob is the upstream requests of the last round, spread over its jobs.
func (r *Report) perJob(round Round) float64 {
	asked := 0
	for _, c := range round.Requests {
		asked += c.Count
	}
	return float64(asked) / float64(r.Jobs)
}

func nodeVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
