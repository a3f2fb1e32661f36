package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// workOn does what the run still expects of a message's nth delivery.
func (j *Jobs) workOn(ctx context.Context, m Message, nth int) error {
	run, err := j.Ledger.Run(ctx, m.Run)
	if errors.Is(err, ledger.ErrAbsent) {
		return j.drop(ctx, m, "the ledger knows no such run, so nobody waits for an outcome")
	}
	if err != nil {
		return fmt.Errorf("job of customer %s: %w", m.Customer, err)
	}
	if why := over(run, j.Now()); why != "" {
		return j.drop(ctx, m, why)
	}
	job, err := j.begin(ctx, run, m, nth)
	if err != nil {
		return err
	}
	return job.work(ctx)
}

// over says why a run takes no more outcomes, or "".
func over(run ledger.Run, now time.Time) string {
	switch {
	case run.State.Ended() || run.State == ledger.RunCancelled:
		return "the run is " + string(run.State)
	case !now.Before(run.Deadline):
		return "the run's deadline has passed; the supervisor settles what is missing"
	}
	return ""
}

// drop completes a message that nobody waits for, on the record.
func (j *Jobs) drop(ctx context.Context, m Message, why string) error {
	j.Log.WarnContext(ctx, "job message dropped", inRun(m.Run), atCustomer(m.Customer), slog.String("reason", why))
	err := j.Ledger.Record(ctx, ledger.Audit{
		At: j.Now(), Action: "job", Phase: ledger.PhaseOutcome, Subject: string(m.Customer),
		Result: "dropped", Detail: why, Reference: m.Run,
	})
	if err != nil {
		return fmt.Errorf("job of customer %s: %w", m.Customer, err)
	}
	return nil
}

// job is one message being worked on.
type job struct {
	*Jobs
	probes  sam.ConnectionID // it finds out whether this one works again; "" for no
	run     ledger.Run
	m       Message
	nth     int // which delivery of m this is; 1 is the first
	visit   Visit
	todo    []string   // tasks still open, in the registry's order
	later   []deferral // what goes back to the queue
	calls   *throttle.Pouch
	barrier *decision // the gravest access state met
	rows    map[string]ledger.Outcome
	healed  *decision // what a healer said when it was asked again
	doubter string    // the task for which a healer is asked again just now
}

// begin finds out which tasks of the message are still open.
func (j *Jobs) begin(ctx context.Context, run ledger.Run, m Message, nth int) (*job, error) {
	outcomes, err := j.Ledger.Job(ctx, m.Run, m.Customer)
	if err != nil {
		return nil, err
	}
	if m.Connection, err = j.inPlaceOf(ctx, m.Connection, rosterLife); err != nil {
		return nil, err
	}
	rows := make(map[string]ledger.Outcome, len(outcomes))
	for _, o := range outcomes {
		rows[o.Task] = o
	}
	return &job{
		Jobs: j, run: run, m: m, nth: nth, rows: rows,
		todo: crashedLast(j.open(ctx, m, rows), outcomes), visit: j.newVisit(m), calls: throttle.NewPouch(m.Places),
	}, nil
}

// newVisit is the customer seen through the message's connection.
func (j *Jobs) newVisit(m Message) Visit {
	return Visit{
		Customer:   sam.Customer{ID: m.Customer, Connection: m.Connection},
		Credential: j.credential(m.Connection, m.Customer.Tenant()),
		Partner:    j.credential(m.Connection, m.Connection.Tenant()),
		Now:        j.Now(),
		shared:     &shared{done: map[string]any{}}, common: &j.common,
	}
}

// open picks the tasks to run: expected by the run, not final, and not already
// handed on to a later message by an earlier delivery of this one.
func (j *Jobs) open(ctx context.Context, m Message, rows map[string]ledger.Outcome) []string {
	var todo []string
	for _, task := range inOrder(j.Tasks, m.Tasks) {
		row, expected := rows[task]
		switch {
		case !expected:
			j.Log.WarnContext(ctx, "task not expected by its run, not done", inRun(m.Run), atCustomer(m.Customer), ofTask(task))
		case row.State.Final(), row.State == sam.Retry && row.Try >= m.Try:
		default:
			todo = append(todo, task)
		}
	}
	return todo
}

// inOrder puts tasks into the registry's order; unknown ones come last.
func inOrder(r *Registry, tasks []string) []string {
	named := make(map[string]bool, len(tasks))
	for _, t := range tasks {
		named[t] = true
	}
	ordered := make([]string, 0, len(tasks))
	for _, t := range r.Names() {
		if named[t] {
			ordered = append(ordered, t)
			delete(named, t)
		}
	}
	for _, t := range tasks {
		if named[t] {
			ordered = append(ordered, t)
		}
	}
	return ordered
}

// work does the open tasks one after the other. Whatever waits is sent on and
// recorded at the end, before the caller completes the message.
func (b *job) work(ctx context.Context) error {
	if len(b.todo) == 0 {
		return nil
	}
	if err := b.atDoor(ctx); err != nil {
		return err
	}
	err := b.doAll(ctx)
	b.outside(ctx, err == nil)
	if err != nil {
		return err
	}
	if err := b.handOn(ctx); err != nil {
		return err
	}
	return b.setAccess(ctx)
}

// doAll does the open tasks one after the other.
func (b *job) doAll(ctx context.Context) error {
	for len(b.todo) > 0 {
		task := b.todo[0]
		b.todo = b.todo[1:]
		err := b.begun(ctx, task)
		if err == nil {
			err = b.do(ctx, task)
		}
		if err != nil {
			return fmt.Errorf("job of customer %s, task %s: %w", b.m.Customer, task, err)
		}
	}
	return nil
}
