package statuspage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// connection, run, finding and failure turn a ledger row into a row of the page.

// connections lists the benches one after the other, the partner's first, each
// in its own order, and marks which connection of each serves now.
func connections(all []ledger.Connection, now time.Time) []Connection {
	list := make([]Connection, 0, len(all))
	benches := serving.Benches(all)
	slices.SortStableFunc(benches, func(a, b serving.Bench) int {
		return cmp.Compare(b[0].Kind, a[0].Kind) // "partner", then "direct"
	})
	for _, bench := range benches {
		serves, fit := bench.Serving(now)
		for i, c := range bench {
			row := connection(c, now)
			row.Role, row.Serving = bench.Role(i), fit && c.ID == serves.ID
			list = append(list, row)
		}
	}
	return list
}

func connection(c ledger.Connection, now time.Time) Connection {
	state, why := judge(c, now)
	row := Connection{
		ID: c.ID, Tenant: c.ID.Tenant(), UPN: c.UPN, Kind: c.Kind, State: state, Why: why,
		DaysLeft: daysLeft(c.Expires, now), Expires: moment(c.Expires),
		Consented: moment(c.ConsentedAt), LastRotation: moment(c.RotatedAt),
		Proved: proved(c), ProvedAt: moment(c.ProvedAt), MFA: c.MFA,
	}
	if !c.MFACheckedAt.IsZero() {
		row.MFACompliant, row.MFACheckedAt = &c.MFACompliant, moment(c.MFACheckedAt)
	}
	row.Problem, row.Warning = problem(c.Problem, c.Kind), problem(c.Warning, c.Kind)
	return row
}

// problem words what stands in the way of a connection. One that a customer
// gave itself is the customer's to renew, and nobody else depends on it.
func problem(p *ledger.ConnectionProblem, kind sam.Kind) *Problem {
	if p == nil {
		return nil
	}
	a := sam.Advise(p.Class, sam.NoReason, p.Code, true)
	if kind == sam.DirectConnection && a.Reach == sam.ReachConnection {
		a.Reach = sam.ReachCustomer
		if p.Class != sam.ClassRetry {
			a.Owner = sam.OwnerCustomer
		}
	}
	return &Problem{
		Class: p.Class, Code: p.Code, Plain: p.Plain, Fix: p.Fix, Since: moment(p.Since), RequestID: p.RequestID,
		Owner: a.Owner, Reach: a.Reach, Link: a.Link,
	}
}

func run(r ledger.Run) Run {
	row := Run{
		ID: r.ID, State: r.State, Kind: cmp.Or(r.Kind, ledger.KindSweep), Result: r.Result(), Held: moment(r.HeldSince), Opened: moment(r.Opened), Closed: moment(r.Closed), Deadline: moment(r.Deadline),
		Tasks: r.Tasks, Customers: r.Customers, Expected: r.Expected,
		Done: r.Sums.Done, Skipped: r.Sums.Skipped, Failed: r.Sums.Failed,
		SkippedBy: r.Sums.SkippedBy, FailedBy: r.Sums.FailedBy, Note: noteOf(r),
	}
	row.Pending = max(0, r.Expected-r.Sums.Final())
	if row.Tasks == nil {
		row.Tasks = []string{}
	}
	if row.SkippedBy == nil {
		row.SkippedBy = map[sam.Reason]int{}
	}
	if row.FailedBy == nil {
		row.FailedBy = map[sam.Class]int{}
	}
	return row
}

// noteOf is the run's note, and who stopped it.
func noteOf(r ledger.Run) string {
	if r.State != ledger.RunCancelled || r.CancelledBy == "" {
		return r.Note
	}
	return strings.TrimSpace("Cancelled by " + r.CancelledBy + ". " + r.Note)
}

func finding(f ledger.FindingRow, customer string) Finding {
	return Finding{
		ID: f.ID, Customer: f.Customer, CustomerName: customer, Task: f.Task, Kind: f.Kind, Key: f.Key,
		Severity: f.Severity, Title: f.Title, Detail: f.Detail, Resource: f.Resource,
		Since: moment(f.Since), Opened: moment(f.OpenedAt), Due: moment(f.Due),
		Fix: f.Fix, Owner: f.Owner, Link: f.Link,
	}
}

func failure(o ledger.Outcome, customer string) Failure {
	a := sam.Advise(o.Class, o.Reason, o.Code, false)
	return Failure{
		Run: o.Run, Customer: o.Customer, CustomerName: customer, Task: o.Task, Class: o.Class,
		Code: o.Code, Plain: o.Plain, Fix: o.Fix, RequestID: o.RequestID, Try: o.Try,
		Owner: a.Owner, Reach: a.Reach, Link: a.Link,
	}
}

func selfCheck(c watchdog.SelfCheck) SelfCheck {
	return SelfCheck{Opened: moment(c.Opened), Closed: moment(c.Closed), Announced: moment(c.Announced)}
}
