package jobs_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// givenUp opens a run and lets every message of it fail five times.
func givenUp(t *testing.T, b *bench) ledger.Run {
	t.Helper()
	run := b.openRun(t)
	breaking(b, "Reconcile", &sam.Problem{Class: sam.ClassConfiguration, Code: "AuthorizationFailure", Plain: "No."})
	b.deliver(t)
	b.ledger.SetHook(nil)
	return run
}

func replay(t *testing.T, b *bench, f jobs.Filter) jobs.Report {
	t.Helper()
	report, err := b.Replay(t.Context(), f, "a person", false)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// verdicts lists a report's verdicts in the order of customers.
func verdicts(r jobs.Report) []jobs.Verdict {
	items := slices.Clone(r.Items)
	slices.SortFunc(items, func(a, b jobs.Replayed) int { return cmp.Compare(a.Message.Customer, b.Message.Customer) })
	var all []jobs.Verdict
	for _, item := range items {
		all = append(all, item.Verdict)
	}
	return all
}

func wantVerdicts(t *testing.T, r jobs.Report, want ...jobs.Verdict) {
	t.Helper()
	if diff := gocmp.Diff(want, verdicts(r)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s\n%+v", diff, r)
	}
}

func TestReplayIntoTheOpenRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, finds("alerts", "k"), finds("health", "k"))
	run := givenUp(t, b)
	b.clock.advance(time.Minute)
	wantVerdicts(t, replay(t, b, jobs.Filter{}), jobs.Rejoins, jobs.Rejoins)
	b.supervise(t)
	if r := b.stored(t, run); r.State != ledger.RunOpen {
		t.Fatalf("the run closed although outcomes are open: %+v", r)
	}
	wantVerdicts(t, replay(t, b, jobs.Filter{})) // nothing is left unreplayed
	b.deliver(t)
	b.clock.advance(3 * time.Minute)
	b.supervise(t)
	if r := b.stored(t, run); r.State != ledger.RunClosed || r.Sums.Done != 4 || r.Sums.Failed != 0 || r.Expected != 4 {
		t.Errorf("run %+v", r)
	}
	trail, err := b.ledger.AuditTrail(t.Context(), string(customer(0)), 2)
	phases := map[string]bool{}
	for _, line := range trail { // of one instant, so in any order
		phases[line.Phase] = line.Action == jobs.ActionReplay && line.Reference == run.ID
	}
	if err != nil || !phases[ledger.PhaseIntent] || !phases[ledger.PhaseOutcome] {
		t.Errorf("audit %+v, %v", trail, err)
	}
}

func TestReplayAfterTheRunClosedOpensOne(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3, finds("alerts", "k"), finds("health", "k"))
	first := givenUp(t, b)
	b.supervise(t)
	before := b.stored(t, first)
	if before.State != ledger.RunClosed || before.Sums.Failed != 6 {
		t.Fatalf("run %+v", before)
	}
	b.clock.advance(time.Hour)
	dry, err := b.Replay(t.Context(), jobs.Filter{Class: sam.ClassConfiguration}, "a person", true)
	if err != nil || !dry.DryRun || b.queue.len(jobs.QueueCustomerJobs) != 0 {
		t.Fatalf("a dry run sent something: %+v, %v", dry, err)
	}
	wantVerdicts(t, dry, jobs.Opens, jobs.Opens, jobs.Opens)
	report := replay(t, b, jobs.Filter{Class: sam.ClassConfiguration})
	wantVerdicts(t, report, jobs.Opens, jobs.Opens, jobs.Opens)
	again := replay(t, b, jobs.Filter{Class: sam.ClassConfiguration, Replayed: true})
	wantVerdicts(t, again, jobs.ReplayedBefore, jobs.ReplayedBefore, jobs.ReplayedBefore)
	b.deliver(t)
	b.supervise(t)
	second, err := b.ledger.Run(t.Context(), report.Items[0].Run)
	if err != nil || second.Kind != ledger.KindReplay || second.State != ledger.RunClosed || second.Expected != 6 || second.Sums.Done != 6 {
		t.Errorf("the new run %+v, %v", second, err)
	}
	if diff := gocmp.Diff(before, b.stored(t, first)); diff != "" {
		t.Errorf("the closed run changed:\n%s", diff)
	}
	kept, err := b.Poisoned(t.Context(), report.Items[0].Message.ID)
	if err != nil || kept.ReplayedInto != second.ID || kept.ReplayedBy != "a person" || !kept.ReplayedAt.Equal(b.clock.now()) {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// A death between sending and marking makes the next replay look again, and
// find that nothing is left to send.
func TestReplayTwiceAfterALostMark(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		close bool
		first jobs.Verdict
	}{
		"in its own run": {false, jobs.Rejoins},
		"in a new run":   {true, jobs.Opens},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1, finds("health", "k"))
			givenUp(t, b)
			if row.close {
				b.supervise(t)
			}
			b.clock.advance(time.Hour)
			dry, err := b.Replay(t.Context(), jobs.Filter{}, "a person", true)
			if err != nil {
				t.Fatal(err)
			}
			wantVerdicts(t, dry, row.first)
			b.ledger.FailOnce(ledgertest.Before, "MarkReplayed", errBoom)
			wantVerdicts(t, replay(t, b, jobs.Filter{}), jobs.Broken)
			if n := b.queue.len(jobs.QueueCustomerJobs); n != 1 {
				t.Fatalf("%d messages", n)
			}
			wantVerdicts(t, replay(t, b, jobs.Filter{}), jobs.UnderWay)
			if n := b.queue.len(jobs.QueueCustomerJobs); n != 1 {
				t.Errorf("%d messages after the second replay", n)
			}
			wantVerdicts(t, replay(t, b, jobs.Filter{}))
		})
	}
}

// An answer of the ledger that got lost must not cost the message.
func TestReplayAfterALostReopening(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	run := givenUp(t, b)
	b.ledger.FailOnce(ledgertest.After, "Reopen", errBoom)
	wantVerdicts(t, replay(t, b, jobs.Filter{}), jobs.Broken)
	if o := b.outcome(t, run, customer(0), "health"); o.State.Final() {
		t.Fatalf("outcome %+v", o)
	}
	wantVerdicts(t, replay(t, b, jobs.Filter{}), jobs.UnderWay)
	b.clock.advance(20 * time.Minute)
	b.supervise(t) // sends what is missing
	b.untilQuiet(t)
	b.supervise(t)
	if r := b.stored(t, run); r.State != ledger.RunClosed || r.Sums.Done != 1 {
		t.Errorf("run %+v", r)
	}
}

func TestReplayFindsWhatANewerRunDid(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	givenUp(t, b)
	b.supervise(t)
	b.clock.advance(time.Hour)
	sweep := b.openRun(t)
	dry, err := b.Replay(t.Context(), jobs.Filter{}, "a person", true)
	if err != nil {
		t.Fatal(err)
	}
	wantVerdicts(t, dry, jobs.UnderWay)
	b.deliver(t)
	b.supervise(t)
	report := replay(t, b, jobs.Filter{})
	wantVerdicts(t, report, jobs.DoneSince)
	if report.Items[0].Run != sweep.ID || b.queue.len(jobs.QueueCustomerJobs) != 0 {
		t.Errorf("report %+v", report)
	}
}

func TestReplayRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		later time.Duration
		known sam.Customer // as discovery sees it by then
		want  jobs.Verdict
	}{
		"a customer that discovery lost":         {48 * time.Hour, sam.Customer{ID: customer(7)}, jobs.CustomerGone},
		"a customer without a way in":            {0, sam.Customer{ID: customer(0), Access: sam.NoGDAP, AccessDetail: "Ask for it."}, jobs.NoAccess},
		"a customer that lacks one service goes": {0, sam.Customer{ID: customer(0), Access: sam.NoAzureRBAC}, jobs.Rejoins},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 1, finds("health", "k"))
			b.books.customers[0].SeenAt = b.clock.now()
			givenUp(t, b)
			b.clock.advance(row.later)
			row.known.Connection, row.known.SeenAt = conn, b.clock.now()
			if err := b.ledger.PutCustomers(t.Context(), []sam.Customer{row.known}); err != nil {
				t.Fatal(err)
			}
			report := replay(t, b, jobs.Filter{Customer: customer(0)})
			wantVerdicts(t, report, row.want)
			kept, err := b.PoisonedList(t.Context(), jobs.Filter{})
			if err != nil || (len(kept) == 0) != row.want.Settles() {
				t.Errorf("still to be replayed: %+v, %v", kept, err)
			}
		})
	}
}

func TestReplayRefusesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	if err := b.RecordPoisoned(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	unknown := ledger.Poisoned{At: b.clock.now(), Run: "20261121T213000Z-4f2a", Customer: customer(0), Tasks: []string{"backup"}}
	if _, err := b.ledger.PutPoisoned(t.Context(), unknown, []byte("another version's")); err != nil {
		t.Fatal(err)
	}
	wantVerdicts(t, replay(t, b, jobs.Filter{}), jobs.NotOurs, jobs.NoSuchTask)
	if _, err := b.Replay(t.Context(), jobs.Filter{ID: "20261121T213000Z-0000"}, "a person", false); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestDismissedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	if err := b.RecordPoisoned(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	all, err := b.PoisonedList(t.Context(), jobs.Filter{})
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	for _, want := range []bool{true, false} {
		if did, err := b.Dismiss(t.Context(), all[0].ID, "a person"); did != want || err != nil {
			t.Errorf("dismissed %v, %v, want %v", did, err, want)
		}
	}
	wantVerdicts(t, replay(t, b, jobs.Filter{}))
	wantVerdicts(t, replay(t, b, jobs.Filter{ID: all[0].ID}), jobs.ReplayedBefore)
	if _, err := b.Dismiss(t.Context(), "nothing", "a person"); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("an unknown id: %v", err)
	}
	trail, err := b.ledger.AuditTrail(t.Context(), jobs.SubjectForeign, 0)
	if err != nil || len(trail) != 3 {
		t.Errorf("audit %+v, %v", trail, err)
	}
}

func TestReplaysDoNotOverlap(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"))
	givenUp(t, b)
	held, err := b.locks.Acquire(t.Context(), "replay", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Replay(t.Context(), jobs.Filter{}, "a person", false); !errors.Is(err, jobs.ErrHeld) {
		t.Errorf("got %v, want ErrHeld", err)
	}
	if err := held.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantVerdicts(t, replay(t, b, jobs.Filter{}), jobs.Rejoins)
}

// Two messages of one customer with different tasks end in one run.
func TestReplayGathersACustomersTasks(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2, finds("alerts", "k"), finds("health", "k"))
	run := b.openRun(t)
	for b.queue.take(jobs.QueueCustomerJobs) != nil { // lost
	}
	for _, tasks := range [][]string{{"alerts"}, {"health"}} {
		for n := range 2 {
			m := jobs.Message{Run: run.ID, Customer: customer(n), Connection: conn, Tasks: tasks, Try: 1, Round: 2}
			body, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := b.RecordPoisoned(t.Context(), body); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.supervise(t)
	b.clock.advance(time.Hour)
	report := replay(t, b, jobs.Filter{})
	wantVerdicts(t, report, jobs.Opens, jobs.Opens, jobs.Opens, jobs.Opens)
	if messages := b.messages(t); len(messages) != 2 || len(messages[0].Tasks) != 2 {
		t.Errorf("messages %+v", messages)
	}
	b.deliver(t)
	b.supervise(t)
	if second, err := b.ledger.Run(t.Context(), report.Items[0].Run); err != nil || second.State != ledger.RunClosed || second.Expected != 4 || second.Sums.Done != 4 {
		t.Errorf("run %+v, %v", second, err)
	}
}

func TestListsByFilter(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3, finds("health", "k"))
	run := givenUp(t, b)
	b.clock.advance(time.Minute)
	if err := b.RecordPoisoned(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	replay(t, b, jobs.Filter{Customer: customer(1)})
	for name, row := range map[string]struct {
		filter jobs.Filter
		want   int
	}{
		"everything that waits": {jobs.Filter{}, 3},
		"also what is over":     {jobs.Filter{Replayed: true}, 4},
		"of a customer":         {jobs.Filter{Customer: customer(2)}, 1},
		"of a run":              {jobs.Filter{Run: run.ID}, 2},
		"of a class":            {jobs.Filter{Class: sam.ClassConfiguration}, 3},
		"of another class":      {jobs.Filter{Class: sam.ClassRetry}, 0},
		"the newest":            {jobs.Filter{Limit: 1}, 1},
	} {
		got, err := b.PoisonedList(t.Context(), row.filter)
		if err != nil || len(got) != row.want {
			t.Errorf("%s: %d records, want %d: %+v, %v", name, len(got), row.want, got, err)
		}
		if name == "the newest" && !got[0].Foreign {
			t.Errorf("the newest is %+v", got[0])
		}
	}
}
