package fleet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	conn = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
	a    = sam.CustomerID("a0000000-0000-4000-8000-000000000001")
	b    = sam.CustomerID("b0000000-0000-4000-8000-000000000001")
	c    = sam.CustomerID("c0000000-0000-4000-8000-000000000001")
)

var (
	now   = time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)
	soon  = now.AddDate(0, 1, 0)
	later = now.AddDate(1, 0, 0)
)

// sold and related are the two books, written by the test.
type sold struct {
	customers []partnercenter.Customer
	err       error
}

func (s sold) Customers(context.Context, azcore.TokenCredential) ([]partnercenter.Customer, error) {
	return s.customers, s.err
}

type related struct {
	relationships []graph.Relationship
	err           error
}

func (r related) DelegatedAdminRelationships(context.Context, azcore.TokenCredential) ([]graph.Relationship, error) {
	return r.relationships, r.err
}

func relationship(id string, ends *time.Time) graph.Relationship {
	return graph.Relationship{Status: graph.Active, Customer: graph.RelatedCustomer{TenantID: id, Name: "from Graph"}, Ends: ends}
}

func discover(t *testing.T, s sold, r related) (fleet.Discovery, error) {
	t.Helper()
	f := &fleet.Fleet{Partner: s, Relationships: r, Now: func() time.Time { return now }}
	return f.Discover(t.Context(), fleet.Connection{ID: conn, Kind: sam.PartnerConnection})
}

func TestMerge(t *testing.T) {
	t.Parallel()
	d, err := discover(t,
		sold{customers: []partnercenter.Customer{{ID: b, Name: "B", Domain: "b.example"}, {ID: a, Name: "A"}}},
		related{relationships: []graph.Relationship{
			relationship("A0000000-0000-4000-8000-000000000001", &soon), // Graph may use upper case
			relationship(string(a), &later),
			relationship(string(c), nil),
			relationship("", &later), // not approved by a customer yet
			{Status: "expired", Customer: graph.RelatedCustomer{TenantID: string(b)}},
		}})
	if err != nil || d.Partial || len(d.Customers) != 3 {
		t.Fatalf("got %+v, %v", d, err)
	}
	want := []sam.Customer{
		{ID: a, Name: "A", AccessEnds: later, Connection: conn, SeenAt: now},
		{ID: b, Name: "B", Domain: "b.example", Access: sam.NoGDAP, AccessDetail: d.Customers[1].AccessDetail, Connection: conn, SeenAt: now},
		{ID: c, Name: "from Graph", AccessDetail: d.Customers[2].AccessDetail, Connection: conn, SeenAt: now},
	}
	if diff := cmp.Diff(want, d.Customers); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if d.Customers[1].AccessDetail == "" || d.Customers[2].AccessDetail == "" {
		t.Error("a customer in one book only comes without a sentence")
	}
}

func TestRelationshipWithoutEndLasts(t *testing.T) {
	t.Parallel()
	for name, rs := range map[string][]graph.Relationship{
		"endless first": {relationship(string(a), nil), relationship(string(a), &soon)},
		"endless last":  {relationship(string(a), &soon), relationship(string(a), nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fleet.Merge([]partnercenter.Customer{{ID: a}}, rs, conn, now)
			if len(got) != 1 || !got[0].AccessEnds.IsZero() || got[0].Access != sam.NoReason {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Not knowing the relationships is no judgement on anybody.
func TestRelationshipsUnreadable(t *testing.T) {
	t.Parallel()
	d, err := discover(t, sold{customers: []partnercenter.Customer{{ID: a}, {ID: b}}},
		related{err: &sam.Problem{Op: "list", Class: sam.ClassCustomer, Reason: sam.RoleInsufficient, Plain: "Too few roles."}})
	if err != nil || !d.Partial || d.Note == "" || len(d.Customers) != 2 {
		t.Fatalf("got %+v, %v", d, err)
	}
	for _, cu := range d.Customers {
		if cu.Access != sam.NoReason {
			t.Errorf("customer %s is judged: %s", cu.ID, cu.Access)
		}
	}
}

func TestDiscoverFailures(t *testing.T) {
	t.Parallel()
	dead := &sam.Problem{Op: "list", Class: sam.ClassReconsent}
	for _, tt := range []struct {
		name string
		s    sold
		r    related
		want error
	}{
		{"nobody anywhere", sold{}, related{}, fleet.ErrNoCustomers},
		{"nobody, relationships unreadable", sold{}, related{err: errors.New("x")}, fleet.ErrNoCustomers},
		{"Partner Center refuses", sold{err: dead}, related{}, dead},
		{"the connection is dead", sold{customers: []partnercenter.Customer{{ID: a}}}, related{err: dead}, dead},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d, err := discover(t, tt.s, tt.r); !errors.Is(err, tt.want) || len(d.Customers) != 0 {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
}

// A partner that only Graph knows has customers, too.
func TestOnlyGraphKnows(t *testing.T) {
	t.Parallel()
	d, err := discover(t, sold{}, related{relationships: []graph.Relationship{relationship(string(c), &later)}})
	if err != nil || len(d.Customers) != 1 || d.Customers[0].Access != sam.NoReason || !d.Customers[0].AccessEnds.Equal(later) {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestDirectConnectionIsItsOwnCustomer(t *testing.T) {
	t.Parallel()
	f := &fleet.Fleet{Now: func() time.Time { return now }} // no book is asked
	d, err := f.Discover(t.Context(), fleet.Connection{ID: conn, Kind: sam.DirectConnection})
	if err != nil || len(d.Customers) != 1 || d.Customers[0].ID.Tenant() != conn.Tenant() || d.Customers[0].Name == "" {
		t.Errorf("got %+v, %v", d, err)
	}
}
