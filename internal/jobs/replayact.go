package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// rejoinBatch is how many messages go back into an open run under one
// announcement, which gives a minute for all of them.
const rejoinBatch = 200

// What a reopened outcome says until its message is worked on.
const (
	reopenedPlain = "The job was given up and is replayed; its message is on its way."
	reopenedFix   = "There is nothing to do."
)

// rejoin sends messages back into the run they were given up in.
func (j *Jobs) rejoin(ctx context.Context, run string, items []*Replayed, by string) {
	for batch := range slices.Chunk(items, rejoinBatch) {
		open, err := j.reopening(ctx, run, func(ctx context.Context) error {
			j.each(ctx, batch, func(ctx context.Context, item *Replayed) error { return j.rejoinOne(ctx, item, by) })
			return nil
		})
		if err == nil && !open {
			err = fmt.Errorf("the run %s ended meanwhile; replay it once more", run)
		}
		for _, item := range batch {
			item.broke(err)
		}
	}
	j.each(ctx, items, func(ctx context.Context, item *Replayed) error { return j.conclude(ctx, item, by) })
}

// rejoinOne makes the failed tasks expected again, then sends their message. A
// death in between costs time: the supervisor sends what is missing.
func (j *Jobs) rejoinOne(ctx context.Context, item *Replayed, by string) error {
	if err := j.intend(ctx, item, by); err != nil {
		return err
	}
	p := item.Message
	m := Message{Run: p.Run, Customer: p.Customer, Connection: item.customer.Connection, Try: p.Try}
	for _, task := range item.Tasks {
		o, turned, err := j.Ledger.Reopen(ctx, ledger.Outcome{Run: p.Run, Customer: p.Customer, Task: task}, reopenedPlain, reopenedFix)
		if err != nil {
			return err
		}
		if turned || o.State == sam.Retry && o.Code == ledger.CodeReplayed { // by a call whose answer was lost
			m.Tasks, m.Try = append(m.Tasks, task), max(m.Try, o.Try)
		}
	}
	if len(m.Tasks) == 0 {
		return nil // another message of the customer is at work on them
	}
	m.Try = min(m.Try+1, maxTry)
	return j.send(ctx, m, 0)
}

// openAnew opens one run for the customers of the items and these tasks.
func (j *Jobs) openAnew(ctx context.Context, tasks []string, items []*Replayed, by string) {
	j.each(ctx, items, func(ctx context.Context, item *Replayed) error { return j.intend(ctx, item, by) })
	var customers []sam.Customer
	seen := map[sam.CustomerID]bool{}
	for _, item := range items {
		if item.Verdict == Opens && !seen[item.customer.ID] {
			seen[item.customer.ID] = true
			customers = append(customers, item.customer)
		}
	}
	if len(customers) == 0 {
		return
	}
	run, err := j.openFor(ctx, customers, tasks, fmt.Sprintf("Replay of %d given-up jobs, by %s.", len(items), by))
	for _, item := range items {
		if item.Verdict == Opens {
			item.Run = run.ID
			if run.State != ledger.RunOpen { // an open one needs no help: the supervisor sends what is missing
				item.broke(err)
			}
		}
	}
	j.each(ctx, items, func(ctx context.Context, item *Replayed) error { return j.conclude(ctx, item, by) })
}

// settleReplay marks a message that needs no work any more.
func (j *Jobs) settleReplay(ctx context.Context, by string, item *Replayed) {
	item.broke(j.conclude(ctx, item, by))
}

// each does the act for all items that have not failed, some side by side, and
// notes failures in them.
func (j *Jobs) each(ctx context.Context, items []*Replayed, act func(context.Context, *Replayed) error) {
	var group errgroup.Group
	group.SetLimit(replayers)
	for _, item := range items {
		if item.Verdict == Broken {
			continue
		}
		group.Go(func() error {
			item.broke(act(ctx, item))
			return nil
		})
	}
	_ = group.Wait() // failures are in the items
}

// broke notes that the replay of a message failed; nil changes nothing.
func (r *Replayed) broke(err error) {
	if err != nil && r.Verdict != Broken {
		r.Verdict, r.Plain = Broken, fmt.Sprintf("The replay failed; it may be repeated: %v", err)
	}
}

func (j *Jobs) intend(ctx context.Context, item *Replayed, by string) error {
	return j.noteReplay(ctx, item, ledger.PhaseIntent, by)
}

// conclude marks a message that is taken care of, and says so in the trail.
func (j *Jobs) conclude(ctx context.Context, item *Replayed, by string) error {
	if _, err := j.Ledger.MarkReplayed(ctx, item.Message.ID, j.Now(), by, item.Run); err != nil {
		return err
	}
	j.Log.InfoContext(ctx, "given-up job replayed", slog.String("poisoned", item.Message.ID), slog.String("verdict", string(item.Verdict)),
		inRun(item.Run), atCustomer(item.Message.Customer), slog.Any("tasks", item.Tasks), slog.String("by", by))
	return j.noteReplay(ctx, item, ledger.PhaseOutcome, by)
}

func (j *Jobs) noteReplay(ctx context.Context, item *Replayed, phase, by string) error {
	err := j.Ledger.Record(ctx, ledger.Audit{
		At: j.Now(), Action: ActionReplay, Phase: phase, Subject: string(item.Message.Customer),
		Result: string(item.Verdict), Detail: fmt.Sprintf("given-up job %s, by %s, tasks %q", item.Message.ID, by, item.Tasks), Reference: item.Run,
	})
	if err != nil {
		return fmt.Errorf("note the replay of %s: %w", item.Message.ID, err)
	}
	return nil
}
