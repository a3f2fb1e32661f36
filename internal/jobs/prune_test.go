package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const day = 24 * time.Hour

// forgetting is results that can be removed.
type forgetting struct {
	*results
	gone []sam.CustomerID
}

func (f *forgetting) ForgetResults(_ context.Context, c sam.CustomerID) error {
	f.gone = append(f.gone, c)
	return nil
}

// A closed run is kept for the retention and then goes with its outcomes; one
// that is still open stays, however old.
func TestPruneKeepsWhatGoesOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, 4, finds("health", "k"))
	old := b.openRun(t)
	b.untilQuiet(t)
	b.supervise(t)
	b.clock.advance(29 * day)
	if s := b.supervise(t); s.Pruned.Total() != 0 {
		t.Errorf("too early: %+v", s.Pruned)
	}
	young := b.openRun(t)
	b.clock.advance(2 * day)
	if p, err := b.Prune(t.Context()); err != nil || p.Runs != 1 || p.Outcomes != 4 {
		t.Errorf("pruned %+v, %v", p, err)
	}
	if _, err := b.ledger.Run(t.Context(), old.ID); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("the old run: %v", err)
	}
	b.clock.advance(60 * day)
	if p, err := b.Prune(t.Context()); err != nil || p.Runs != 0 {
		t.Errorf("an open run: %+v, %v", p, err)
	}
	if got := b.stored(t, young); got.State != ledger.RunOpen {
		t.Errorf("run %+v", got)
	}
	for _, m := range b.messages(t) {
		if m.Run == old.ID {
			t.Errorf("a message of a pruned run: %+v", m)
		}
	}
}

// What one round leaves, the next takes; a job of a run that is gone is dropped.
func TestPruneIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t, 6, finds("health", "k"))
	run := b.openRun(t)
	message := b.queue.bodies(jobs.QueueCustomerJobs)[0]
	var more []ledger.Outcome
	for i := range 7000 {
		more = append(more, ledger.Outcome{Run: run.ID, Customer: customer(i), Task: "other", State: sam.Done})
	}
	if err := b.ledger.Expect(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	b.untilQuiet(t)
	b.supervise(t) // takes in what it did not expect
	b.supervise(t)
	b.clock.advance(31 * day)
	for _, want := range []jobs.Pruned{{Outcomes: 5000}, {Runs: 1, Outcomes: 2006}, {}} {
		if p, err := b.Prune(t.Context()); err != nil || p != want {
			t.Errorf("pruned %+v, %v; want %+v", p, err, want)
		}
	}
	if err := b.RunJob(t.Context(), message); err != nil {
		t.Error(err)
	}
	if sums, err := ledger.Tally(b.ledger.Outcomes(t.Context(), run.ID)); err != nil || sums.Final()+sums.Pending != 0 {
		t.Errorf("rows came back: %+v, %v", sums, err)
	}
}

// A customer that left goes when discovery has missed it for the retention: its
// findings are closed, and told, first. While nobody is seen, nobody is gone.
func TestPruneForgetsCustomersThatLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3, finds("health", "k"))
	kept := &forgetting{results: b.results}
	b.Results = kept
	seen := func() {
		for i := range b.books.customers {
			b.books.customers[i].SeenAt = b.clock.now()
		}
		b.openRun(t)
		b.untilQuiet(t)
		b.supervise(t)
	}
	seen()
	b.clock.advance(40 * day)
	b.supervise(t)
	if all, err := b.ledger.Customers(t.Context()); err != nil || len(all) != 3 {
		t.Fatalf("%d customers while discovery fails, %v", len(all), err)
	}
	b.books.customers = b.books.customers[:2]
	b.clock.advance(day)
	seen()
	s := b.supervise(t)
	if all, err := b.ledger.Customers(t.Context()); err != nil || len(all) != 2 || s.Pruned.Customers != 1 {
		t.Errorf("customers %+v, %v; pruned %+v", all, err, s.Pruned)
	}
	if len(kept.gone) == 0 || kept.gone[0] != customer(2) {
		t.Errorf("results forgotten of %v", kept.gone)
	}
	closed := 0
	for _, body := range b.queue.bodies(jobs.QueueFindings) {
		if e := decodeEvent(t, body); e.Type == ledger.EventClosed && e.Customer == customer(2) {
			closed++
		}
	}
	if closed != 1 {
		t.Errorf("the end of its finding was told %d times", closed)
	}
}
