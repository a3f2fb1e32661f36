package azure_test

import (
	"context"
	"errors"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/jobs/azure"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

type lister struct {
	subs []arm.Subscription
	err  error
}

func (l lister) Subscriptions(context.Context, azcore.TokenCredential) ([]arm.Subscription, error) {
	return l.subs, l.err
}

// credential is told apart by its name.
type credential struct {
	azcore.TokenCredential
	name string
}

// projected shows subscriptions to the partner's credential alone.
type projected struct {
	subs []arm.Subscription
	err  error
}

func (p projected) Subscriptions(_ context.Context, cred azcore.TokenCredential) ([]arm.Subscription, error) {
	if cred.(credential).name == "partner" {
		return p.subs, p.err
	}
	return nil, nil
}

// What a customer delegated by Lighthouse is read with the partner's token, and
// nobody else's is taken for it. A tenant that may not be asked shows nothing.
func TestLookByLighthouse(t *testing.T) {
	t.Parallel()
	const own = sam.CustomerID("c0000000-0000-4000-8000-000000000001")
	plan := []partnercenter.Subscription{{OfferName: "Azure plan", Status: "active"}}
	mine := arm.Subscription{ID: "mine", Tenant: "C0000000-0000-4000-8000-000000000001"}
	other := arm.Subscription{ID: "other", Tenant: "c0000000-0000-4000-8000-000000000002"}
	for name, row := range map[string]struct {
		azure projected
		subs  int
		why   sam.Reason
		err   bool
	}{
		"delegated":             {projected{subs: []arm.Subscription{other, mine}}, 1, "", false},
		"others delegated":      {projected{subs: []arm.Subscription{other}}, 0, sam.NoAzureRBAC, false},
		"may not be looked at":  {projected{err: &sam.Problem{Class: sam.ClassCustomer, Reason: sam.ConsentMissing}}, 0, sam.NoAzureRBAC, false},
		"no consent of its own": {projected{err: &sam.Problem{Class: sam.ClassReconsent, Code: "AADSTS65001"}}, 0, sam.NoAzureRBAC, false},
		"throttled":             {projected{err: &sam.Problem{Class: sam.ClassRetry, Status: 429}}, 0, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := jobs.Visit{
				Customer:   sam.Customer{ID: own, Connection: "11111111-1111-4111-8111-111111111111.o"},
				Credential: credential{name: "customer"}, Partner: credential{name: "partner"},
			}
			got, err := azure.Look(t.Context(), v, row.azure, &books{sold: plan})
			if len(got.Subscriptions) != row.subs || got.Skipped != row.why || (err != nil) != row.err {
				t.Errorf("got %+v, %v", got, err)
			}
			if row.subs > 0 && (!got.Lighthouse || got.Credential.(credential).name != "partner" || got.Subscriptions[0].ID != "mine") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// books counts how often they are opened.
type books struct {
	sold   []partnercenter.Subscription
	err    error
	opened int
}

func (b *books) Subscriptions(context.Context, azcore.TokenCredential, sam.CustomerID) ([]partnercenter.Subscription, error) {
	b.opened++
	return b.sold, b.err
}

func TestLook(t *testing.T) {
	t.Parallel()
	const partner, own = sam.TenantID("11111111-1111-4111-8111-111111111111"), sam.CustomerID("c0000000-0000-4000-8000-000000000001")
	boom := errors.New("boom")
	plan := []partnercenter.Subscription{{OfferName: "Microsoft 365"}, {OfferName: "Azure plan", Status: "active"}}
	for _, tt := range []struct {
		name   string
		azure  lister
		books  books
		home   sam.TenantID
		subs   int
		why    sam.Reason
		err    error
		opened int
	}{
		{"something to read", lister{subs: []arm.Subscription{{ID: "s"}}}, books{}, partner, 1, "", nil, 0},
		{"Azure sold, nothing to read", lister{}, books{sold: plan}, partner, 0, sam.NoAzureRBAC, nil, 1},
		{"no Azure sold", lister{}, books{sold: plan[:1]}, partner, 0, sam.NoAzure, nil, 1},
		{"ARM fails", lister{err: boom}, books{}, partner, 0, "", boom, 0},
		{"the books fail", lister{}, books{err: boom}, partner, 0, "", boom, 1},
		{"a customer that consented itself", lister{}, books{sold: plan}, own.Tenant(), 0, sam.NoAzureRBAC, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := jobs.Visit{Customer: sam.Customer{ID: own, Connection: sam.NewConnectionID(tt.home, "o")}}
			got, err := azure.Look(t.Context(), v, tt.azure, &tt.books)
			if len(got.Subscriptions) != tt.subs || len(got.IDs()) != tt.subs || got.Skipped != tt.why || !errors.Is(err, tt.err) || tt.books.opened != tt.opened {
				t.Errorf("got %+v, %v, books opened %d times", got, err, tt.books.opened)
			}
		})
	}
}
