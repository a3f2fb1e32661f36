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

// Fleet discovers customers. It is safe for concurrent use.
type Fleet struct {
	Partner       PartnerBook
	Relationships RelationshipBook
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
		return Discovery{Customers: []sam.Customer{own(conn, now())}}, nil
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

// own is the customer of a direct connection.
func own(conn Connection, now time.Time) sam.Customer {
	id := sam.CustomerID(conn.ID.Tenant())
	name := conn.Name
	if name == "" {
		name = string(id)
	}
	return sam.Customer{ID: id, Name: name, Connection: conn.ID, SeenAt: now}
}

// plain is the sentence for a person, or the error text.
func plain(err error) string {
	if p := sam.AsProblem(err); p != nil && p.Plain != "" {
		return p.Plain
	}
	return err.Error()
}
