package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// ActionReplay is how replays show up in the audit trail of the customer.
const ActionReplay = "replay"

// lockReplay lets one replay at a time decide and act.
const lockReplay = "replay"

// replayers is how many messages are looked at side by side.
const replayers = 16

// newerRuns is how many runs after a message's own are looked at: the newest
// ones, in which the customer was or is being visited again.
const newerRuns = 3

// Report is what a replay did, in the order in which messages are listed.
type Report struct {
	DryRun bool
	Items  []Replayed
}

// Count is how many messages got one of the verdicts.
func (r Report) Count(verdicts ...Verdict) int {
	n := 0
	for _, item := range r.Items {
		if slices.Contains(verdicts, item.Verdict) {
			n++
		}
	}
	return n
}

// Replay gives the tasks of given-up messages another chance, in the name of
// by: in their own run while that is open, otherwise in a new run that expects
// just them, so that the sums of every run hold. What a run has done since, or
// is about to do, is not sent again, so a second replay sends nothing. Each
// message is judged and reported for itself, and marked when it is taken care
// of. A dry run decides and changes nothing. The error is ErrHeld while another
// replay is at work, ledger.ErrAbsent for an id that nobody knows, or says that
// nothing could be decided.
func (j *Jobs) Replay(ctx context.Context, f Filter, by string, dryRun bool) (Report, error) {
	report := Report{DryRun: dryRun}
	if dryRun {
		var err error
		report.Items, err = j.planReplay(ctx, f)
		return report, err
	}
	err := j.holding(ctx, lockReplay, func(ctx context.Context) error {
		var err error
		if report.Items, err = j.planReplay(ctx, f); err != nil {
			return err
		}
		j.replay(ctx, report.Items, by)
		return nil
	})
	return report, err
}

// planReplay decides about every message of the filter.
func (j *Jobs) planReplay(ctx context.Context, f Filter) ([]Replayed, error) {
	picked, err := j.PoisonedList(ctx, f)
	if err != nil || len(picked) == 0 {
		return nil, err
	}
	customers, err := j.Ledger.Customers(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := j.Ledger.Runs(ctx, recentRuns)
	if err != nil {
		return nil, err
	}
	visits, items := newVisitor(customers), make([]Replayed, len(picked))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(replayers)
	for i, p := range picked {
		group.Go(func() (err error) {
			items[i], err = j.judge(ctx, visits, runs, p)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("decide about a replay: %w", err)
	}
	return items, nil
}

// judge decides about one message.
func (j *Jobs) judge(ctx context.Context, visits visitor, runs []ledger.Run, p ledger.Poisoned) (Replayed, error) {
	known := slices.DeleteFunc(slices.Clone(p.Tasks), func(t string) bool { return j.Tasks.find(t) == nil })
	if verdict, plain := visits.refuses(p, known); verdict != "" {
		return Replayed{Message: p, Verdict: verdict, Run: p.ReplayedInto, Plain: plain}, nil
	}
	at, err := j.standings(ctx, runs, p)
	if err != nil {
		return Replayed{}, err
	}
	r := look(p, known, at, j.Now()).plan(p)
	r.customer = visits.customers[p.Customer]
	return r, nil
}

// standings reads what a message's own run and the newest ones after it hold of
// its customer.
func (j *Jobs) standings(ctx context.Context, runs []ledger.Run, p ledger.Poisoned) ([]standing, error) {
	var at []standing
	own, err := j.Ledger.Run(ctx, p.Run)
	switch {
	case err == nil:
		at = append(at, standing{run: own})
	case !errors.Is(err, ledger.ErrAbsent):
		return nil, err
	}
	for _, run := range runs { // newest first
		if run.ID > p.Run && (run.State == ledger.RunOpen || run.State == ledger.RunClosed) && len(at) <= newerRuns {
			at = append(at, standing{run: run})
		}
	}
	for i := range at {
		if at[i].rows, err = j.Ledger.Job(ctx, at[i].run.ID, p.Customer); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// replay acts on the verdicts, and says in the items how that went.
func (j *Jobs) replay(ctx context.Context, items []Replayed, by string) {
	rejoining, opening := map[string][]*Replayed{}, map[string][]*Replayed{}
	tasks := map[sam.CustomerID][]string{}
	for i := range items {
		item := &items[i]
		switch item.Verdict {
		case Rejoins:
			rejoining[item.Run] = append(rejoining[item.Run], item)
		case Opens:
			id := item.customer.ID
			tasks[id] = inOrder(j.Tasks, append(tasks[id], item.Tasks...))
		case UnderWay, DoneSince:
			j.settleReplay(ctx, by, item)
		default: // refused: nothing changes
		}
	}
	for i := range items {
		if items[i].Verdict == Opens {
			key := strings.Join(tasks[items[i].customer.ID], ",")
			opening[key] = append(opening[key], &items[i])
		}
	}
	for run, group := range rejoining {
		j.rejoin(ctx, run, group, by)
	}
	for key, group := range opening {
		j.openAnew(ctx, strings.Split(key, ","), group, by)
	}
}
