package consent

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Name of the task.
const Name = "consent"

// Need is a service that the other tasks call at a customer.
type Need struct {
	Service string    // its name for people, "Microsoft Graph"
	App     sam.AppID // its application id
	Token   string    // scope of a token for it, "https://graph.microsoft.com/.default"
	Scopes  []string  // delegated permissions by name; at least one
}

// Giver consents to the app at a customer; *partnercenter.Client is one.
type Giver interface {
	GiveConsent(ctx context.Context, cred azcore.TokenCredential, customer sam.CustomerID, wanted partnercenter.Consent) (existed bool, err error)
}

// Trail is the audit trail; *ledger.Ledger is one.
type Trail interface {
	Record(ctx context.Context, a ledger.Audit) error
	AuditTrail(ctx context.Context, subject string, limit int) ([]ledger.Audit, error)
}

// Task sees to the consents. All fields but Now are required.
type Task struct {
	Partner Giver
	Trail   Trail
	App     sam.AppID // the app itself
	Needs   []Need
	Now     func() time.Time // nil means time.Now
}

// Name implements jobs.Task.
func (Task) Name() string { return Name }

// Heals implements jobs.Healer.
func (Task) Heals() sam.Reason { return sam.ConsentMissing }

// Run implements jobs.Task. All needs are looked at before one of them decides
// how the task ends: first what passes by itself, then what concerns the whole
// customer, then what concerns a service.
func (t Task) Run(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
	var proved []Need
	var missing []gap
	var barred error
	for _, need := range t.Needs {
		g, err := look(ctx, v, need)
		switch {
		case err != nil:
			barred = graver(barred, err)
		case g != nil:
			missing = append(missing, *g)
		default:
			proved = append(proved, need)
		}
	}
	if v.Waited && len(proved) > 0 {
		barred = graver(barred, t.recordProof(ctx, v, proved))
	}
	if len(missing) > 0 {
		barred = graver(barred, t.mendAll(ctx, v, missing))
	}
	return jobs.Result{}, barred
}

// mendAll closes the gaps one after the other. Its error says how far it got: a
// gap that was closed just now is not proved yet.
func (t Task) mendAll(ctx context.Context, v jobs.Visit, missing []gap) error {
	if v.Customer.ID.Tenant() == v.Customer.Connection.Tenant() {
		return missing[0].atHome(v)
	}
	past, err := t.remember(ctx, v.Customer.ID)
	if err != nil {
		return err
	}
	var worst error
	for _, g := range missing {
		worst = graver(worst, t.mend(ctx, v, g, past))
	}
	return worst
}

// graver picks the error that decides how the task ends; nil is the lightest.
func graver(a, b error) error {
	if weight(b) > weight(a) {
		return b
	}
	return a
}

func weight(err error) int {
	p := sam.AsProblem(err)
	switch {
	case err == nil:
		return 0
	case p == nil:
		return 6 // not upstream's: the storage, or the end of the context
	case p.Class == sam.ClassReconsent, p.Class == sam.ClassCredential:
		return 5 // the connection itself
	case p.Class == sam.ClassRetry && p.Code != jobs.CodeWait:
		return 4
	case p.Class == sam.ClassRetry:
		return 3
	case p.Reason == sam.ServiceMissing:
		return 1
	}
	return 2
}

func (t Task) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}
