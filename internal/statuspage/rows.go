package statuspage

import (
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// connection, run, finding and failure turn a ledger row into a row of the page.

func connection(c ledger.Connection, now time.Time) Connection {
	state, why := judge(c, now)
	row := Connection{
		ID: c.ID, Tenant: c.ID.Tenant(), UPN: c.UPN, Kind: c.Kind, State: state, Why: why,
		DaysLeft: daysLeft(c.Expires, now), Expires: moment(c.Expires),
		Consented: moment(c.ConsentedAt), LastRotation: moment(c.RotatedAt),
		Proved: proved(c), ProvedAt: moment(c.ProvedAt), MFA: c.MFA,
	}
	if p := c.Problem; p != nil {
		a := sam.Advise(p.Class, sam.NoReason, p.Code, true)
		row.Problem = &Problem{
			Class: p.Class, Code: p.Code, Plain: p.Plain, Fix: p.Fix, Since: moment(p.Since), RequestID: p.RequestID,
			Owner: a.Owner, Reach: a.Reach, Link: a.Link,
		}
	}
	return row
}

func run(r ledger.Run) Run {
	row := Run{
		ID: r.ID, State: r.State, Opened: moment(r.Opened), Closed: moment(r.Closed), Deadline: moment(r.Deadline),
		Tasks: r.Tasks, Customers: r.Customers, Expected: r.Expected,
		Done: r.Sums.Done, Skipped: r.Sums.Skipped, Failed: r.Sums.Failed,
		SkippedBy: r.Sums.SkippedBy, FailedBy: r.Sums.FailedBy, Note: r.Note,
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

func finding(f ledger.FindingRow, customer string) Finding {
	return Finding{
		ID: f.ID, Customer: f.Customer, CustomerName: customer, Task: f.Task, Kind: f.Kind, Key: f.Key,
		Severity: f.Severity, Title: f.Title, Detail: f.Detail, Resource: f.Resource,
		Since: moment(f.Since), Opened: moment(f.OpenedAt),
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
