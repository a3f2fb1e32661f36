package ledgertest

import (
	"errors"
	"testing"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

var customers = []promise{
	{"customers are read as they were put, by id", readsCustomers},
	{"a later discovery replaces, and forgets nobody", keepsCustomers},
	{"access is set, and an older judgement changes nothing", setsAccess},
	{"the access of an unknown customer can not be set", missesCustomer},
}

// manyCustomers are more than one transaction takes.
func manyCustomers(n int) []sam.Customer {
	all := make([]sam.Customer, n)
	for i := range all {
		all[i] = sam.Customer{
			ID: customer(i), Name: "Cust & Söhne", Domain: "c.onmicrosoft.com",
			Access: sam.NoGDAP, AccessDetail: "No relationship.", AccessEnds: at(1000),
			Connection: "a.b", SeenAt: at(0),
		}
	}
	return all
}

func readsCustomers(t *testing.T, s Store) {
	want := manyCustomers(205)
	given := append([]sam.Customer{want[7]}, want...) // one of them twice
	must(t, s.PutCustomers(t.Context(), given))
	all, err := s.Customers(t.Context())
	same(t, want, got(t, all, err))
}

func keepsCustomers(t *testing.T, s Store) {
	must(t, s.PutCustomers(t.Context(), nil))
	must(t, s.PutCustomers(t.Context(), manyCustomers(2)))
	later := sam.Customer{ID: customer(1), Name: "Renamed", SeenAt: at(60)}
	must(t, s.PutCustomers(t.Context(), []sam.Customer{later}))
	all, err := s.Customers(t.Context())
	same(t, []sam.Customer{manyCustomers(1)[0], later}, got(t, all, err))
}

func setsAccess(t *testing.T, s Store) {
	must(t, s.PutCustomers(t.Context(), manyCustomers(1)))
	must(t, s.SetAccess(t.Context(), customer(0), sam.ConsentMissing, "Consent the app.", at(10)))
	must(t, s.SetAccess(t.Context(), customer(0), sam.NoReason, "", at(5)))
	want := manyCustomers(1)
	want[0].Access, want[0].AccessDetail = sam.ConsentMissing, "Consent the app."
	all, err := s.Customers(t.Context())
	same(t, want, got(t, all, err))

	must(t, s.SetAccess(t.Context(), customer(0), sam.NoReason, "", at(20)))
	want[0].Access, want[0].AccessDetail = sam.NoReason, ""
	all, err = s.Customers(t.Context())
	same(t, want, got(t, all, err))
}

func missesCustomer(t *testing.T, s Store) {
	if err := s.SetAccess(t.Context(), customer(0), sam.NoGDAP, "", noon); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("error %v, want ErrAbsent", err)
	}
}
