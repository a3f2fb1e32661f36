package consent_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/consent"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	app      = sam.AppID("22222222-2222-4222-8222-222222222222")
	conn     = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
	customer = sam.CustomerID("c0000000-0000-4000-8000-000000000001")
)

var (
	graph = consent.Need{
		Service: "Microsoft Graph", App: "00000003-0000-0000-c000-000000000000",
		Token: "https://graph.microsoft.com/.default", Scopes: []string{"Organization.Read.All"},
	}
	arm = consent.Need{
		Service: "Azure Resource Manager", App: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
		Token: "https://management.azure.com/.default", Scopes: []string{"user_impersonation"},
	}
	errBoom = errors.New("boom")
)

// entry is a consent at the customer.
type entry struct {
	scopes []string
	known  time.Time
}

// bench is the task between a login, a Partner Center and an audit trail that
// the test plays.
type bench struct {
	consent.Task
	at     time.Time
	trail  *ledgertest.Memory
	spread time.Duration

	entries  map[string][]entry // by token scope
	refuse   func(resource sam.AppID) error
	login    error // of every redemption
	merge    bool  // Partner Center adds scopes to an entry
	sent     []partnercenter.Consent
	redeemed int

	// mishap is asked before (step) and after (step + ", done") every step that
	// leaves the process; an error is its crash.
	mishap func(step string) error
}

func newBench(needs ...consent.Need) *bench {
	b := &bench{
		at: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC), spread: 8 * time.Second,
		entries: map[string][]entry{}, mishap: func(string) error { return nil },
	}
	b.trail = ledgertest.NewMemory(b.now)
	b.Task = consent.Task{Partner: b, Trail: b, App: app, Needs: needs, Now: b.now}
	return b
}

// now ticks, so that no two lines are of the same instant.
func (b *bench) now() time.Time {
	b.at = b.at.Add(time.Millisecond)
	return b.at
}

func (b *bench) step(name string, do func() error) error {
	if err := b.mishap(name); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return b.mishap(name + ", done")
}

func (b *bench) Record(ctx context.Context, a ledger.Audit) error {
	return b.step("record "+a.Result, func() error { return b.trail.Record(ctx, a) })
}

func (b *bench) AuditTrail(ctx context.Context, subject string, limit int) (lines []ledger.Audit, err error) {
	err = b.step("remember", func() error { lines, err = b.trail.AuditTrail(ctx, subject, limit); return err })
	return lines, err
}

func (b *bench) GiveConsent(_ context.Context, _ azcore.TokenCredential, at sam.CustomerID, c partnercenter.Consent) (existed bool, err error) {
	err = b.step("give", func() error {
		b.sent = append(b.sent, c)
		if at != customer || c.App != app {
			return errors.New("for somebody else")
		}
		need := graph
		if c.Resource == arm.App {
			need = arm
		}
		if b.refuse != nil {
			if err := b.refuse(c.Resource); err != nil {
				return err
			}
		}
		if existed = len(b.entries[need.Token]) > 0 && !b.merge; !existed {
			b.entries[need.Token] = append(b.entries[need.Token], entry{c.Scopes, b.at.Add(b.spread)})
		}
		return nil
	})
	if errors.Is(err, errBoom) {
		err = &sam.Problem{Op: "give", Class: sam.ClassRetry, Code: "NoAnswer", Err: err}
	}
	return existed, err
}

func (b *bench) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	b.redeemed++
	if b.login != nil {
		return azcore.AccessToken{}, b.login
	}
	var scopes []string
	for _, e := range b.entries[o.Scopes[0]] {
		if !b.at.Before(e.known) {
			scopes = append(scopes, e.scopes...)
		}
	}
	if len(scopes) == 0 {
		return azcore.AccessToken{}, &sam.Problem{Class: sam.ClassCustomer, Reason: sam.ConsentMissing, Code: "AADSTS65001", Status: 400, Plain: "No consent."}
	}
	return azcore.AccessToken{Token: jwt(map[string]any{"scp": strings.Join(scopes, " ")})}, nil
}

func jwt(claims map[string]any) string {
	raw, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(raw) + ".c2ln"
}

func (b *bench) visit() jobs.Visit {
	return jobs.Visit{
		Customer: sam.Customer{ID: customer, Connection: conn}, Credential: b, Partner: b, Now: b.at, Run: "20261122T010000Z-abcd",
	}
}

// play runs the task as its job would, waiting as it says, until it says
// something else or gives up waiting; it returns how long that took, and it.
func (b *bench) play(t *testing.T) (took time.Duration, err error) {
	t.Helper()
	began, v := b.at, b.visit()
	for range 100 {
		_, err := b.Run(t.Context(), v)
		p := sam.AsProblem(err)
		wait := errors.Is(err, errBoom) || p != nil && p.Class == sam.ClassRetry
		if !wait {
			return b.at.Sub(began), err
		}
		delay := time.Second
		if p != nil {
			delay = max(delay, p.RetryAfter)
		}
		b.at = b.at.Add(delay)
		v.Waited = p != nil && p.Code == jobs.CodeWait
	}
	t.Fatal("it never ends")
	return 0, nil
}

// lines are the results in the trail, oldest first.
func (b *bench) lines(t *testing.T) []string {
	t.Helper()
	trail, err := b.trail.AuditTrail(t.Context(), string(customer), 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, l := range trail {
		if l.Action != consent.Action || l.Reference == "" || (l.Phase == ledger.PhaseIntent) != (l.Result == "asked") {
			t.Errorf("line %+v", l)
		}
		all = append(all, l.Result)
	}
	slices.Reverse(all)
	return all
}

// constant is a credential with one token.
type constant string

func (c constant) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(c)}, nil
}
