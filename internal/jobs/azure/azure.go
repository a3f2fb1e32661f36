// Package azure answers, for every task that looks at a customer's Azure,
// which subscriptions it may read, and why none.
//
// ARM answers an identity without rights with an empty list, not with a
// refusal. So an empty list is explained by Partner Center's books: if the
// partner sold Azure to the customer, access is missing (no_azure_rbac); if
// not, there is nothing to read (no_azure_subscription). When Partner Center
// cannot say, its Problem is the answer.
//
// Before the books, the connection's own tenant is asked: Azure Lighthouse
// projects subscriptions there that a customer delegated, and they are read with
// that tenant's token. A customer with subscriptions of both kinds is read in
// its own tenant only.
//
// The tasks of one job share one look.
package azure

import (
	"context"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/arm"
	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Lister lists what the token may read; *arm.Client is one.
type Lister interface {
	Subscriptions(ctx context.Context, cred azcore.TokenCredential) ([]arm.Subscription, error)
}

// Books lists what was sold to a customer; *partnercenter.Client is one.
type Books interface {
	Subscriptions(ctx context.Context, cred azcore.TokenCredential, customer sam.CustomerID) ([]partnercenter.Subscription, error)
}

// Reach is what a customer's Azure offers: subscriptions, or a reason.
type Reach struct {
	Subscriptions []arm.Subscription
	Credential    azcore.TokenCredential // that reads them
	Lighthouse    bool                   // they are delegated; the credential is the connection's own tenant's
	Skipped       sam.Reason             // set when there are none
}

// IDs lists the subscription ids.
func (r Reach) IDs() []string {
	ids := make([]string, len(r.Subscriptions))
	for i, s := range r.Subscriptions {
		ids[i] = s.ID
	}
	return ids
}

// Look asks ARM, and Partner Center when ARM shows nothing. A customer that
// consented itself (a direct connection) has no partner whose books could be
// read: there an empty list is a lack of rights.
func Look(ctx context.Context, v jobs.Visit, azure Lister, books Books) (Reach, error) {
	return jobs.Share(v, "azure", func() (Reach, error) {
		subs, err := azure.Subscriptions(ctx, v.Credential)
		if err != nil || len(subs) > 0 {
			return Reach{Subscriptions: subs, Credential: v.Credential}, err
		}
		if v.Customer.ID.Tenant() == v.Customer.Connection.Tenant() {
			return Reach{Skipped: sam.NoAzureRBAC}, nil
		}
		subs, err = delegated(ctx, v, azure)
		if err != nil || len(subs) > 0 {
			return Reach{Subscriptions: subs, Credential: v.Partner, Lighthouse: true}, err
		}
		sold, err := books.Subscriptions(ctx, v.Partner, v.Customer.ID)
		if err != nil {
			return Reach{}, err
		}
		for _, s := range sold {
			if s.IsAzure() {
				return Reach{Skipped: sam.NoAzureRBAC}, nil
			}
		}
		return Reach{Skipped: sam.NoAzure}, nil
	})
}

// projectionLife is how long a connection's own tenant is believed to show the
// same: what a person has just delegated is seen minutes later.
const projectionLife = 5 * time.Minute

// delegated lists the customer's subscriptions that the connection's own tenant
// sees. That tenant shows those of all customers at once, and counts the calls of
// all jobs together, so it is asked once for all of them.
func delegated(ctx context.Context, v jobs.Visit, azure Lister) ([]arm.Subscription, error) {
	shown, err := jobs.ShareAll(ctx, v, "delegated subscriptions", projectionLife, func() (map[string][]arm.Subscription, error) {
		return projected(ctx, v.Partner, azure)
	})
	return shown[strings.ToLower(string(v.Customer.ID))], err
}

// projected lists what a tenant sees, by the tenant it belongs to. That this may
// not be looked at is no trouble of any customer's: nothing is delegated then,
// as far as anybody can tell.
func projected(ctx context.Context, cred azcore.TokenCredential, azure Lister) (map[string][]arm.Subscription, error) {
	all, err := azure.Subscriptions(ctx, cred)
	if err != nil && sam.ClassOf(err) == sam.ClassRetry {
		return nil, err
	}
	shown := map[string][]arm.Subscription{}
	for _, s := range all {
		tenant := strings.ToLower(s.Tenant)
		shown[tenant] = append(shown[tenant], s)
	}
	return shown, nil
}
