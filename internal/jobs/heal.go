package jobs

import (
	"context"
	"log/slog"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Healer is a Task that mends a state of access for which the other tasks would
// be skipped. It comes before them in the Registry. While it is under way the
// rest of its job waits with it; and a task that meets the state although it
// was mended asks for it again, once in a job.
//
// Its Run must bound itself: how often it writes and how long it says CodeWait.
type Healer interface {
	Task
	Heals() sam.Reason
}

// healer finds the task that mends a state, or nil.
func (r *Registry) healer(of sam.Reason) Task {
	for _, t := range r.tasks {
		if h, ok := t.(Healer); ok && of != sam.NoReason && h.Heals() == of {
			return t
		}
	}
	return nil
}

// heals reports whether the named task is a Healer.
func (r *Registry) heals(name string) bool {
	_, ok := r.find(name).(Healer)
	return ok
}

// curable finds the healer of what a task is about to be skipped for. It is nil
// for the healer itself, and where the run does not expect one.
func (b *job) curable(name string, d decision) Task {
	if d.verb != settle || d.state != sam.Skipped {
		return nil
	}
	t := b.Tasks.healer(d.reason)
	if t == nil || t.Name() == name {
		return nil
	}
	if _, expected := b.rows[t.Name()]; !expected {
		return nil
	}
	return t
}

// heal is what happens to a task that met a state which a healer mends. While
// the healer is not final, the task waits for it; where the healer found that it
// cannot be mended, the task is skipped; where it was mended, the healer looks
// again, and if it is content so does the task.
func (b *job) heal(ctx context.Context, name string, healer Task, d decision) error {
	row := b.rows[healer.Name()]
	switch {
	case !row.State.Final():
		return b.postpone(ctx, name, waitForHealer(healer, d))
	case row.State != sam.Done:
		return b.settle(ctx, name, d, nil, nil)
	case b.healed != nil:
		return b.afterHealing(ctx, name, d)
	}
	b.Log.InfoContext(ctx, "a task asks for healing", inRun(b.m.Run), atCustomer(b.m.Customer), ofTask(name),
		slog.String("reason", string(d.reason)), slog.String("code", codeOf(d)))
	b.doubter = name
	res, err := b.attempt(ctx, healer.Name())
	b.doubter = ""
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	healed := decide(res, inTenant(err, b.m.Customer.Tenant()), b.m.Connection.Tenant(), b.m.Try)
	b.healed = &healed
	if healed.verb == settle && healed.state == sam.Done {
		b.visit = b.newVisit(b.m) // what tasks share holds the failures of before
		return b.do(ctx, name)
	}
	return b.afterHealing(ctx, name, d)
}

// afterHealing deals with a task that meets the state after the healer looked
// again in this job: it waits when the healer said so, and is skipped otherwise.
func (b *job) afterHealing(ctx context.Context, name string, d decision) error {
	if b.healed.verb == settle {
		return b.settle(ctx, name, d, nil, nil)
	}
	return b.postpone(ctx, name, *b.healed)
}

// waitForHealer is a task's wait for a healer that is dealt with by another
// message.
func waitForHealer(healer Task, d decision) decision {
	p := *d.problem
	p.Class, p.Reason, p.Code, p.RetryAfter = sam.ClassRetry, sam.NoReason, CodeWait, healerDelay
	p.Fix = "Nothing: task " + healer.Name() + " is seeing to it."
	return decision{verb: wait, state: sam.Retry, class: sam.ClassRetry, delay: healerDelay, problem: &p}
}

func codeOf(d decision) string {
	if d.problem == nil {
		return ""
	}
	return d.problem.Code
}
