package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/throttle/throttletest"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// asks is a task whose only work is to be admitted so often at Partner Center.
func asks(name string, calls int) scripted {
	return scripted{name, func(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
		for range calls {
			if err := v.Partner.(upstream.Governed).Admit(ctx, throttle.Limit{Kind: throttle.PartnerCenter}); err != nil {
				return jobs.Result{}, err
			}
		}
		return jobs.Result{}, nil
	}}
}

// crowd takes all places of the next minute.
func crowd(t *testing.T, g *throttle.Governor, now time.Time) {
	t.Helper()
	books := throttle.Limit{Kind: throttle.PartnerCenter}.Of(conn, partner)
	for range 450 {
		if _, err := g.Admit(throttle.NewPouch(nil).In(t.Context()), books, now); err != nil {
			t.Fatal(err)
		}
	}
}

// A job that is refused goes back with places of its own, without jitter and
// without a used-up try, and finishes when it returns.
func TestRefusedJobComesBackForItsPlaces(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, finds("health", "k"), asks("books", 1), asks("sums", 1))
	g := throttle.NewGovernor(&throttletest.Table{})
	b.Limits, b.Random = g, func() float64 { return 0.9 }
	crowd(t, g, b.clock.now())
	run := b.openRun(t)
	b.deliver(t)
	waiting := b.messages(t)
	if len(waiting) != 1 || len(waiting[0].Places) != 1 || waiting[0].Try != 1 || len(waiting[0].Tasks) != 2 {
		t.Fatalf("messages %+v", waiting)
	}
	place, due := waiting[0].Places[0], b.queue.nextDue(jobs.QueueCustomerJobs)
	if place.Calls != 2 || !due.Equal(place.At) || due.Sub(b.clock.now()) < 55*time.Second {
		t.Errorf("place %+v, due %v", place, due)
	}
	if o := b.outcome(t, run, customer(0), "books"); o.State != sam.Retry || o.Code != throttle.CodeClosed || o.Try != 0 {
		t.Errorf("outcome %+v", o)
	}
	crowd(t, g, b.clock.now()) // the others go on
	b.untilQuiet(t)
	b.supervise(t)
	if got := b.stored(t, run); got.State != ledger.RunClosed || got.Sums.Done != 3 {
		t.Errorf("run %+v", got)
	}
}

// A job that waits longer for something else loses its place and gets another.
func TestOtherWaitsGoFirst(t *testing.T) {
	t.Parallel()
	late := does("health", jobs.Result{}, &sam.Problem{Class: sam.ClassRetry, Code: jobs.CodeWait, RetryAfter: time.Hour})
	b := newBench(t, 1, late, asks("books", 1))
	g := throttle.NewGovernor(&throttletest.Table{})
	b.Limits = g
	crowd(t, g, b.clock.now())
	b.openRun(t)
	b.deliver(t)
	if due := b.queue.nextDue(jobs.QueueCustomerJobs); due.Sub(b.clock.now()) != time.Hour {
		t.Errorf("due in %v", due.Sub(b.clock.now()))
	}
}

func TestForeignPlaces(t *testing.T) {
	t.Parallel()
	message := func(places string) []byte {
		return fmt.Appendf(nil, `{"v":1,"run":"20261121T213000Z-a5d3","customer":%q,"connection":%q,"tasks":["health"],"try":1,"places":[%s]}`, customer(1), conn, places)
	}
	good := `{"scope":"partner-center/p/","at":"2026-11-21T21:30:00Z","calls":1}`
	if m, err := jobs.ParseMessage(message(good)); err != nil || len(m.Places) != 1 || m.Places[0].Scope.Kind != throttle.PartnerCenter {
		t.Errorf("%+v, %v", m, err)
	}
	for name, places := range map[string]string{
		"no kind":          strings.Replace(good, "partner-center", "none", 1),
		"not a paced kind": strings.Replace(good, "partner-center", "graph", 1),
		"no calls":         strings.Replace(good, `"calls":1`, `"calls":0`, 1),
		"all the calls":    strings.Replace(good, `"calls":1`, `"calls":501`, 1),
		"no time":          strings.Replace(good, "2026-11-21T21:30:00Z", "0001-01-01T00:00:00Z", 1),
		"unknown member":   strings.Replace(good, `"calls"`, `"id":1,"calls"`, 1),
		"too many":         strings.TrimSuffix(strings.Repeat(good+",", 9), ","),
	} {
		if _, err := jobs.ParseMessage(message(places)); !errors.Is(err, jobs.ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// split gives tokens to nobody: customers' tenants refuse the account, and the
// connection's own cannot be asked now.
type split struct{ tenant sam.TenantID }

func (split) Credential(_ sam.ConnectionID, tenant sam.TenantID) azcore.TokenCredential {
	return split{tenant}
}

func (s split) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if s.tenant == partner {
		return azcore.AccessToken{}, throttle.Refusal(partner, time.Minute)
	}
	return azcore.AccessToken{}, &sam.Problem{Tenant: s.tenant, Class: sam.ClassCustomer, Code: "AADSTS50057", Plain: "Disabled."}
}

// Whether a refusal is the customer's or the connection's is asked later when
// it cannot be asked now; nobody is skipped on a guess.
func TestDoubtWaitsForTheHomeTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1, scripted{"health", func(ctx context.Context, v jobs.Visit) (jobs.Result, error) {
		_, err := v.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"s"}})
		return jobs.Result{}, err
	}})
	b.Tokens = split{}
	run := b.openRun(t)
	b.deliver(t)
	if o := b.outcome(t, run, customer(0), "health"); o.State != sam.Retry || o.Code != throttle.CodeClosed {
		t.Errorf("outcome %+v", o)
	}
}
