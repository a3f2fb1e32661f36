package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// do runs one task and records or defers its outcome. An error is the
// ledger's, or the caller's context ending: the message is delivered again.
func (b *job) do(ctx context.Context, name string) error {
	if d, early := b.beforeItsTime(name); early {
		return b.postpone(ctx, name, d)
	}
	res, err := b.attempt(ctx, name)
	if ctx.Err() != nil {
		return context.Cause(ctx) // the host is stopping; the task says nothing about itself
	}
	doc, derr := encodeDocument(res.Document)
	if err == nil {
		err = derr
	}
	d := decide(res, inTenant(err, b.m.Customer.Tenant()), b.m.Connection.Tenant(), b.m.Try)
	if d.verb == hold {
		moved, err := b.failOver(ctx, d.problem)
		if err != nil {
			return err
		}
		if moved {
			return b.do(ctx, name)
		}
	}
	if healer := b.curable(name, d); healer != nil {
		return b.heal(ctx, name, healer, d)
	}
	if d.verb != settle {
		return b.postpone(ctx, name, d)
	}
	return b.settle(ctx, name, d, res.Findings, doc)
}

// attempt runs the task within its deadline and survives its panic.
func (b *job) attempt(ctx context.Context, name string) (res Result, err error) {
	task := b.Tasks.find(name)
	if task == nil {
		return Result{}, unknownTask(name)
	}
	limit := min(b.TaskTimeout, b.run.Deadline.Sub(b.Now()))
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			b.Log.ErrorContext(ctx, "task panicked", ofTask(name), atCustomer(b.m.Customer),
				slog.String("panic", fmt.Sprint(r)), slog.String("stack", string(debug.Stack())))
			res, err = Result{}, panicked(name)
		}
	}()
	b.calls.Begin()
	visit := b.visit
	visit.Run, visit.Doubted = b.m.Run, b.doubter != ""
	visit.Waited = b.rows[name].State == sam.Retry || b.rows[b.doubter].State == sam.Retry
	return task.Run(b.calls.In(ctx), visit)
}

func unknownTask(name string) *sam.Problem {
	return &sam.Problem{
		Op: "run task " + name, Class: sam.ClassConfiguration, Code: "UnknownTask",
		Plain: "This version of the program has no such task.",
		Fix:   "Deploy the version that opened the run, or wait for the next run.",
	}
}

func panicked(name string) *sam.Problem {
	return &sam.Problem{
		Op: "run task " + name, Class: sam.ClassConfiguration, Code: "Panic",
		Plain: "The task crashed on this customer's data; this is a fault of the program.",
		Fix:   "Report it with the stack trace from the log.",
	}
}

// inTenant fills in the customer's tenant where a Problem names none.
func inTenant(err error, tenant sam.TenantID) error {
	p := sam.AsProblem(err)
	if p == nil || p.Tenant != "" {
		return err
	}
	q := *p
	q.Tenant = tenant
	return &q
}

// encodeDocument makes JSON of a task's document; nil gives nil.
func encodeDocument(doc any) ([]byte, error) {
	if doc == nil {
		return nil, nil
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, &sam.Problem{
			Op: "encode the task's document", Class: sam.ClassConfiguration, Code: "BadDocument", Err: err,
			Plain: "The task's result cannot be stored; this is a fault of the program.",
			Fix:   "Report it with the error text.",
		}
	}
	return raw, nil
}

// settle records a final outcome: findings first, then the document, then the
// row, so that a row that says done is always true.
func (b *job) settle(ctx context.Context, name string, d decision, findings []sam.Finding, doc []byte) error {
	var events []ledger.Event
	o := b.outcome(name, d)
	o.Try = b.m.Try
	if d.state == sam.Done {
		var err error
		stamped := stamp(findings, b.m.Customer, name)
		if events, err = b.Ledger.Reconcile(ctx, b.m.Run, b.m.Customer, name, stamped, b.visit.Now); err != nil {
			return err
		}
		if doc != nil {
			if err := b.Results.PutResult(ctx, b.m.Customer, name, doc, b.visit.Now); err != nil {
				return err
			}
		}
		o.Findings = len(stamped)
	}
	if err := b.Ledger.PutOutcome(ctx, o); err != nil {
		return err
	}
	b.rows[name] = o
	b.meet(d)
	if d.state == sam.Failed {
		b.Log.ErrorContext(ctx, "task failed", inRun(b.m.Run), atCustomer(b.m.Customer), ofTask(name),
			slog.String("class", string(d.class)), slog.String("code", o.Code), failure(d.problem))
	}
	if len(events) > 0 {
		if _, err := b.announce(ctx, events); err != nil {
			b.Log.WarnContext(ctx, "events not announced yet; the supervisor will", atCustomer(b.m.Customer), ofTask(name), failure(err))
		}
	}
	return nil
}

// stamp fills in whose findings these are and drops repeated keys: a set has
// each key once.
func stamp(findings []sam.Finding, customer sam.CustomerID, task string) []sam.Finding {
	stamped := make([]sam.Finding, 0, len(findings))
	seen := make(map[string]bool, len(findings))
	for _, f := range findings {
		if seen[f.Key] {
			continue
		}
		seen[f.Key] = true
		f.Customer, f.Task = customer, task
		stamped = append(stamped, f)
	}
	return stamped
}

// outcome is the row for a decision, without its try.
func (b *job) outcome(name string, d decision) ledger.Outcome {
	o := ledger.Outcome{
		Run: b.m.Run, Customer: b.m.Customer, Task: name,
		State: d.state, Reason: d.reason, Class: d.class, UpdatedAt: b.Now(),
	}
	if p := d.problem; p != nil {
		o.Code, o.Plain, o.Fix, o.RequestID = p.Code, p.Plain, p.Fix, p.RequestID
	} else if d.state == sam.Skipped {
		o.Plain, o.Fix = explain(d.reason)
	}
	return o
}
