package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// ErrNoCustomers says that neither book shows a customer.
var ErrNoCustomers = errors.New("no customers found: check that the integration account is a member of the Admin agents group " +
	"of the partner tenant that owns the customers, and that the consent was given in that tenant")

// PartnerBook lists whom the partner sells to; *partnercenter.Client is one.
type PartnerBook interface {
	Customers(ctx context.Context, cred azcore.TokenCredential) ([]partnercenter.Customer, error)
}

// RelationshipBook lists active relationships; *graph.Client is one.
type RelationshipBook interface {
	DelegatedAdminRelationships(ctx context.Context, cred azcore.TokenCredential) ([]graph.Relationship, error)
}

// OrganizationBook reads a tenant's own record; *graph.Client is one.
type OrganizationBook interface {
	Organization(ctx context.Context, cred azcore.TokenCredential) (graph.Organization, error)
}

// Fleet discovers customers. It is safe for concurrent use.
type Fleet struct {
	Partner       PartnerBook
	Relationships RelationshipBook
	Organizations OrganizationBook // names direct customers; nil: they go by Connection.Name
	Now           func() time.Time // nil means time.Now
}

// Connection is whose customers are asked for.
type Connection struct {
	ID         sam.ConnectionID
	Kind       sam.Kind
	Name       string                 // shown for a direct connection's tenant
	Credential azcore.TokenCredential // for the connection's own tenant
}

// Discovery is what the books say.
type Discovery struct {
	Customers []sam.Customer // ordered by id, each once
	Partial   bool           // relationships could not be read
	Note      string         // one plain sentence when Partial
}

// Discover asks the books. The error is ErrNoCustomers, or a *sam.Problem when
// Partner Center cannot be read.
func (f *Fleet) Discover(ctx context.Context, conn Connection) (Discovery, error) {
	now := time.Now
	if f.Now != nil {
		now = f.Now
	}
	if conn.Kind == sam.DirectConnection {
		return f.own(ctx, conn, now())
	}
	sold, err := f.Partner.Customers(ctx, conn.Credential)
	if err != nil {
		return Discovery{}, fmt.Errorf("discover customers of %s: %w", conn.ID, err)
	}
	related, err := f.Relationships.DelegatedAdminRelationships(ctx, conn.Credential)
	d := Discovery{}
	if err != nil {
		if sam.ClassOf(err) == sam.ClassReconsent || sam.ClassOf(err) == sam.ClassCredential || ctx.Err() != nil {
			return Discovery{}, fmt.Errorf("discover relationships of %s: %w", conn.ID, err)
		}
		d.Partial = true
		d.Note = "Delegated admin relationships could not be read, so every customer is visited: " + plain(err)
		d.Customers = visitAll(sold, conn.ID, now())
	} else {
		d.Customers = Merge(sold, related, conn.ID, now())
	}
	if len(d.Customers) == 0 {
		return Discovery{}, fmt.Errorf("discover customers of %s: %w", conn.ID, ErrNoCustomers)
	}
	return d, nil
}

// own is the customer of a direct connection, under the name of its
// organization. A name that cannot be read is no reason not to visit, unless
// the connection itself is the trouble.
func (f *Fleet) own(ctx context.Context, conn Connection, now time.Time) (Discovery, error) {
	c := sam.Customer{ID: sam.CustomerID(conn.ID.Tenant()), Name: conn.Name, Connection: conn.ID, SeenAt: now}
	d := Discovery{}
	if f.Organizations != nil {
		org, err := f.Organizations.Organization(ctx, conn.Credential)
		switch {
		case err == nil && org.Name != "":
			c.Name = org.Name
		case err != nil && ownTrouble(ctx, conn, err):
			return Discovery{}, fmt.Errorf("read the organization of %s: %w", conn.ID, err)
		case err != nil:
			d.Partial, d.Note = true, "The name of customer "+string(c.ID)+" could not be read: "+plain(err)
		}
	}
	if c.Name == "" {
		c.Name = string(c.ID)
	}
	d.Customers = []sam.Customer{c}
	return d, nil
}

// ownTrouble reports whether an error is about the connection and not about
// what was read with it.
func ownTrouble(ctx context.Context, conn Connection, err error) bool {
	p := sam.AsProblem(err)
	switch sam.ClassOf(err) {
	case sam.ClassReconsent, sam.ClassCredential:
		return true
	case sam.ClassPolicy:
		return p != nil && p.Tenant == conn.ID.Tenant()
	case sam.ClassRetry, sam.ClassCustomer, sam.ClassConfiguration:
	}
	return ctx.Err() != nil
}

// plain is the sentence for a person, or the error text.
func plain(err error) string {
	if p := sam.AsProblem(err); p != nil && p.Plain != "" {
		return p.Plain
	}
	return err.Error()
}
