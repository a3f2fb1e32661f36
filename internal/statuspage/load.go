package statuspage

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// shownRuns is how many runs the page lists: two days of four-hourly sweeps.
const shownRuns = 12

// discoverySpan is how far apart rows of one discovery may be stamped.
const discoverySpan = time.Hour

// Ledger is what the page reads; *ledger.Ledger is one.
type Ledger interface {
	Connections(context.Context) ([]ledger.Connection, error)
	Customers(context.Context) ([]sam.Customer, error)
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	Outcomes(ctx context.Context, run string) iter.Seq2[ledger.Outcome, error]
	OpenFindings(context.Context) ([]ledger.FindingRow, error)
	Heartbeats(context.Context) (map[string]time.Time, error)
}

// reading is what was found in the ledger.
type reading struct {
	connections []ledger.Connection
	customers   []sam.Customer
	runs        []ledger.Run
	findings    []ledger.FindingRow
	failures    []ledger.Outcome
	beats       map[string]time.Time
	replayed    map[place]bool // ended anew by a replay
}

// place is a task at a customer.
type place struct {
	customer sam.CustomerID
	task     string
}

// Load reads the ledger, its tables side by side, and judges as of now.
func Load(ctx context.Context, l Ledger, version string, now time.Time) (Status, error) {
	r := reading{replayed: map[place]bool{}}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { r.connections, err = l.Connections(ctx); return err })
	group.Go(func() (err error) { r.customers, err = l.Customers(ctx); return err })
	group.Go(func() (err error) { r.findings, err = l.OpenFindings(ctx); return err })
	group.Go(func() (err error) { r.beats, err = l.Heartbeats(ctx); return err })
	group.Go(func() error { return r.readRuns(ctx, l) })
	if err := group.Wait(); err != nil {
		return Status{}, fmt.Errorf("load status: %w", err)
	}
	// What samkeeper finds about itself is told apart from what is wrong at customers.
	r.findings = slices.DeleteFunc(r.findings, func(f ledger.FindingRow) bool { return f.Customer == watchdog.Self })
	return r.status(version, now), nil
}

// readRuns lists the runs and looks into the outcomes of those still open and
// of those that have ended, back to the newest sweep, unless their sums say
// there is nothing. What a replay made good is a failure no more.
func (r *reading) readRuns(ctx context.Context, l Ledger) error {
	var err error
	if r.runs, err = l.Runs(ctx, shownRuns); err != nil {
		return err
	}
	for i := range r.runs {
		run := &r.runs[i]
		if run.State == ledger.RunCancelled {
			continue
		}
		if err := r.look(ctx, l, run); err != nil {
			return fmt.Errorf("outcomes of run %s: %w", run.ID, err)
		}
		if run.State.Ended() && run.Kind != ledger.KindReplay {
			return nil
		}
	}
	return nil
}

// look reads a run's outcomes if they can tell anything.
func (r *reading) look(ctx context.Context, l Ledger, run *ledger.Run) error {
	replay := run.Kind == ledger.KindReplay
	if run.State.Ended() && run.Sums.Failed == 0 && !replay {
		return nil
	}
	sums, err := ledger.Tally(r.collect(l.Outcomes(ctx, run.ID), replay))
	if err == nil && !run.State.Ended() {
		run.Sums = sums
	}
	return err
}

// collect passes outcomes on and keeps the failed ones that no newer replay
// made good.
func (r *reading) collect(outcomes iter.Seq2[ledger.Outcome, error], replay bool) iter.Seq2[ledger.Outcome, error] {
	return func(yield func(ledger.Outcome, error) bool) {
		for o, err := range outcomes {
			at := place{o.Customer, o.Task}
			if err == nil && o.State == sam.Failed && !r.replayed[at] {
				r.failures = append(r.failures, o)
			}
			if replay && o.State.Final() {
				r.replayed[at] = true
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// status turns the reading into the page.
func (r *reading) status(version string, now time.Time) Status {
	names := make(map[sam.CustomerID]string, len(r.customers))
	for _, c := range r.customers {
		names[c.ID] = c.Name
	}
	s := Status{
		GeneratedAt: now.UTC(), Version: version, FindingsOpen: len(r.findings),
		Connections: connections(r.connections, now), Runs: make([]Run, 0, len(r.runs)),
		Findings: make([]Finding, 0, len(r.findings)), Failures: make([]Failure, 0, len(r.failures)),
		NoAccess:  noAccess(r.customers),
		Silent:    append([]watchdog.Silence{}, watchdog.Judge(now, r.beats, r.connections)...),
		SelfCheck: selfCheck(watchdog.SelfCheckOf(r.beats)),
	}
	for _, one := range r.runs {
		s.Runs = append(s.Runs, run(one))
	}
	for _, f := range r.findings {
		s.Findings = append(s.Findings, finding(f, names[f.Customer]))
	}
	slices.SortStableFunc(s.Findings, worstFirst)
	for _, o := range r.failures {
		s.Failures = append(s.Failures, failure(o, names[o.Customer]))
	}
	s.Access = radar(s.Findings, s.Runs, len(seen(r.customers)), now)
	s.Folded = Folded{Failures: foldFailures(s.Failures), NoAccess: foldNoAccess(s.NoAccess)}
	return s
}

// seen are the customers of the newest discovery.
func seen(customers []sam.Customer) []sam.Customer {
	var newest time.Time
	for _, c := range customers {
		if c.SeenAt.After(newest) {
			newest = c.SeenAt
		}
	}
	return slices.DeleteFunc(slices.Clone(customers), func(c sam.Customer) bool { return newest.Sub(c.SeenAt) > discoverySpan })
}

// noAccess lists the customers of the newest discovery that are not fully
// accessible.
func noAccess(customers []sam.Customer) []NoAccess {
	list := []NoAccess{}
	for _, c := range seen(customers) {
		if c.Access == sam.NoReason {
			continue
		}
		a := sam.Advise(sam.ClassCustomer, c.Access, "", false)
		list = append(list, NoAccess{
			Customer: c.ID, Name: c.Name, Reason: c.Access, Detail: c.AccessDetail, Fix: remedyFor(c.Access),
			Owner: a.Owner, Reach: a.Reach, Link: a.Link,
		})
	}
	return list
}

// ranks order severities, worst first; unknown ones come last.
var ranks = map[sam.Severity]int{sam.Critical: 1, sam.High: 2, sam.Medium: 3, sam.Low: 4}

func rank(s sam.Severity) int {
	if r, ok := ranks[s]; ok {
		return r
	}
	return len(ranks) + 1
}

// worstFirst orders by severity and keeps the ledger's order, by customer and
// task, within one.
func worstFirst(a, b Finding) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) }
