package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/azure"
	"github.com/samkeeper/samkeeper/internal/jobs/consent"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Name of the task.
const Name = "access"

// Task is the radar. Make it with New; it is safe for concurrent use.
type Task struct{ cfg Config }

// Config is what the radar needs; all of it is required.
type Config struct {
	Books      Books
	Azure      azure.Lister
	Sold       azure.Books
	GraphScope string   // what the directory is read with
	Delegated  []string // permissions by name that the token for it must carry
	Tasks      []string // the tasks that are done at the customers
}

// New returns the task.
func New(c Config) *Task { return &Task{c} }

// Document is the task's view of a customer.
type Document struct {
	Matrix []Verdict `json:"matrix"`
}

// Name implements jobs.Task.
func (*Task) Name() string { return Name }

// Anywhere implements jobs.Anywhere: a customer without a relationship is what
// the radar is for.
func (*Task) Anywhere() bool { return true }

// Run implements jobs.Task.
func (t *Task) Run(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
	facts, err := t.gather(ctx, v)
	if err != nil {
		return jobs.Result{}, err
	}
	matrix := Evaluate(v.Now, t.cfg.Tasks, facts)
	return jobs.Result{Findings: Findings(v.Now, matrix), Document: Document{matrix}}, nil
}

// gather collects the facts, the books first: what they bar is not tried.
func (t *Task) gather(ctx context.Context, v jobs.Visit) (Facts, error) {
	f := Facts{Direct: v.Customer.ID.Tenant() == v.Customer.Connection.Tenant(), Consent: map[Resource]State{}}
	if !f.Direct {
		if err := t.consult(ctx, v, &f); err != nil {
			return f, err
		}
	}
	for _, verdict := range Evaluate(v.Now, t.cfg.Tasks, f) {
		if verdict.State == Missing && bars(verdict.Permission) {
			return f, nil
		}
	}
	return f, t.try(ctx, v, &f)
}

// consult reads the books, and the assignments of this customer's relationships.
func (t *Task) consult(ctx context.Context, v jobs.Visit, f *Facts) error {
	p, err := jobs.ShareAll(ctx, v, "relationships", bookLife, func() (*partner, error) {
		return readBooks(ctx, t.cfg.Books, v.Customer.Connection, v.Partner)
	})
	if err != nil {
		return err
	}
	f.RelationsKnown, f.Groups, f.GroupsKnown = p.relationsKnown, p.groups, p.groupsKnown
	for _, r := range p.relations[v.Customer.ID] {
		given, err := t.cfg.Books.AccessAssignments(ctx, v.Partner, r.ID)
		if r.AssignedKnown, err = readable(err); err != nil {
			return fmt.Errorf("assignments of the relationship with %s: %w", v.Customer.ID, err)
		}
		for _, a := range given {
			r.Assigned = append(r.Assigned, Assigned{a.Container.ID, tabled(a.Access)})
		}
		f.Relations = append(f.Relations, r)
	}
	return nil
}

// try asks for tokens and for the list of subscriptions, as far as a task needs
// them. Where other tasks of the job asked before, this costs nothing.
func (t *Task) try(ctx context.Context, v jobs.Visit, f *Facts) error {
	var err error
	if t.wants(Graph) {
		got, refused := v.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{t.cfg.GraphScope}})
		if f.Consent[Graph], err = granted(v, refused); err != nil {
			return err
		}
		if f.Lacking = consent.Lacking(got.Token, t.cfg.Delegated); len(f.Lacking) > 0 {
			f.Consent[Graph] = Missing
		}
	}
	if !t.wants(ARM) {
		return nil
	}
	reach, refused := azure.Look(ctx, v, t.cfg.Azure, t.cfg.Sold)
	p := sam.AsProblem(refused)
	if p != nil && p.Reason == sam.NoAzureRBAC {
		f.Consent[ARM], f.Azure = Present, Missing
		return nil
	}
	if f.Consent[ARM], err = granted(v, refused); err != nil || refused != nil {
		return err
	}
	f.Azure, f.Lighthouse = inAzure(reach, f.Direct), reach.Lighthouse
	return nil
}

// wants reports whether some task needs the app's consent for the resource.
func (t *Task) wants(r Resource) bool {
	return slices.ContainsFunc(Table, func(n TaskNeeds) bool {
		return slices.Contains(t.cfg.Tasks, n.Task) && slices.ContainsFunc(n.Needs, func(n Need) bool { return n.Resource == r })
	})
}

// granted reads a consent from how the token was refused, if it was. An error
// is one that passes, or that is none of this customer's.
func granted(v jobs.Visit, refused error) (State, error) {
	p := sam.AsProblem(refused)
	switch {
	case refused == nil:
		return Present, nil
	case p == nil || p.Class == sam.ClassRetry || p.Class == "":
		return Unknown, refused
	case p.Class == sam.ClassPolicy && p.Tenant == v.Customer.Connection.Tenant() && p.Tenant != v.Customer.ID.Tenant(),
		sam.Advise(p.Class, p.Reason, p.Code, false).Reach != sam.ReachCustomer:
		return Unknown, refused
	case p.Reason == sam.ConsentMissing:
		return Missing, nil
	}
	return Unknown, nil
}

// inAzure reads the way into Azure from what the list of subscriptions showed.
// Nobody's books tell whether a customer that consented itself has Azure.
func inAzure(reach azure.Reach, direct bool) State {
	switch {
	case reach.Skipped == sam.NoReason:
		return Present
	case reach.Skipped == sam.NoAzure:
		return NotNeeded
	case direct:
		return Unknown
	}
	return Missing
}
