package fleet

import (
	"cmp"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/graph"
	"github.com/samkeeper/samkeeper/internal/partnercenter"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// The sentences that go with what the books say: what is wrong, whose turn it
// is, and the fix.
const (
	noRelationship = "There is no active delegated admin relationship with this customer. " +
		"The partner sends a GDAP request from Partner Center, and the customer's admin approves it."
	notListed = "Partner Center does not list this customer, but a delegated admin relationship is active; " +
		"the partner checks the reseller relationship in Partner Center."
)

// Merge compares the books. Its result is ordered by customer id.
func Merge(sold []partnercenter.Customer, related []graph.Relationship, conn sam.ConnectionID, now time.Time) []sam.Customer {
	active := activeByCustomer(related)
	merged := visitAll(sold, conn, now)
	for i := range merged {
		c := &merged[i]
		rel, ok := active[c.ID]
		if !ok {
			c.Access, c.AccessDetail = sam.NoGDAP, noRelationship
			continue
		}
		c.AccessEnds = rel.ends
		delete(active, c.ID)
	}
	for id, rel := range active {
		merged = append(merged, sam.Customer{
			ID: id, Name: rel.name, AccessDetail: notListed, AccessEnds: rel.ends,
			Connection: conn, SeenAt: now,
		})
	}
	slices.SortFunc(merged, func(a, b sam.Customer) int { return cmp.Compare(a.ID, b.ID) })
	return merged
}

// visitAll takes Partner Center's word alone.
func visitAll(sold []partnercenter.Customer, conn sam.ConnectionID, now time.Time) []sam.Customer {
	all := make([]sam.Customer, 0, len(sold))
	for _, c := range sold {
		all = append(all, sam.Customer{
			ID: c.ID, Name: c.Name, Domain: c.Domain, Connection: conn, SeenAt: now,
		})
	}
	slices.SortFunc(all, func(a, b sam.Customer) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b sam.Customer) bool { return a.ID == b.ID })
}

// access is what the active relationships with one customer add up to.
type access struct {
	name string
	ends time.Time // latest; zero when one has no end
}

// activeByCustomer joins a customer's relationships: access lasts as long as
// the longest. The status decides, not the end date, which lags when a
// relationship extends itself; one without a customer is left out.
func activeByCustomer(related []graph.Relationship) map[sam.CustomerID]access {
	active := map[sam.CustomerID]access{}
	for _, r := range related {
		id, err := sam.ParseCustomerID(r.Customer.TenantID)
		if err != nil || r.Status != graph.Active {
			continue
		}
		a, known := active[id]
		if !known {
			a.name = r.Customer.Name
		}
		switch {
		case r.Ends == nil:
			a.ends = time.Time{}
		case !known || !a.ends.IsZero() && r.Ends.After(a.ends):
			a.ends = *r.Ends
		}
		active[id] = a
	}
	return active
}
