package fleet_test

import (
	"context"
	"errors"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/fleet"
	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// record is what the tenant's own record says.
type record struct {
	name string
	err  error
}

func (r record) Organization(context.Context, azcore.TokenCredential) (graph.Organization, error) {
	return graph.Organization{Name: r.name}, r.err
}

func TestDirectCustomerGoesByItsName(t *testing.T) {
	t.Parallel()
	const tenant = sam.TenantID("c0000000-0000-4000-8000-000000000001")
	conn := fleet.Connection{ID: sam.NewConnectionID(tenant, "33333333-3333-4333-8333-333333333333"), Kind: sam.DirectConnection, Name: "Alex Admin"}
	for name, row := range map[string]struct {
		record  record
		want    string
		partial bool
		fails   bool
	}{
		"named":                        {record{name: "Alder Bakery"}, "Alder Bakery", false, false},
		"nameless":                     {record{}, "Alex Admin", false, false},
		"unreadable":                   {record{err: &sam.Problem{Class: sam.ClassCustomer, Plain: "No."}}, "Alex Admin", true, false},
		"an outage":                    {record{err: errors.New("gone")}, "Alex Admin", true, false},
		"the grant is refused":         {record{err: &sam.Problem{Class: sam.ClassReconsent, Tenant: tenant}}, "", false, true},
		"the app is refused":           {record{err: &sam.Problem{Class: sam.ClassCredential}}, "", false, true},
		"its own policy is in the way": {record{err: &sam.Problem{Class: sam.ClassPolicy, Tenant: tenant}}, "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fleet.Fleet{Organizations: row.record}
			d, err := f.Discover(t.Context(), conn)
			if row.fails {
				if err == nil {
					t.Errorf("got %+v", d)
				}
				return
			}
			if err != nil || len(d.Customers) != 1 || d.Customers[0].Name != row.want || d.Customers[0].ID.Tenant() != tenant || d.Partial != row.partial {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
}
