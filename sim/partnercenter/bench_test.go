package partnercenter_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samkeeper/samkeeper/sim/partnercenter"
	"github.com/samkeeper/samkeeper/sim/world"
)

// BenchmarkLargeFleet stands beside the budget of a page of customers or one
// customer's books: well under a millisecond with 10,000 customers.
func BenchmarkLargeFleet(b *testing.B) {
	w := world.New(world.Config{Seed: 1, Customers: 10000, Start: start})
	s := partnercenter.New(w, callers())
	for name, path := range map[string]string{
		"page":     "/v1/customers?size=40",
		"holdings": "/v1/customers/" + w.Customers()[9000].TenantID + "/subscriptions",
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
			r.Header.Set("Authorization", "Bearer keeper")
			for b.Loop() {
				answer := httptest.NewRecorder()
				s.ServeHTTP(answer, r)
				if answer.Code != http.StatusOK {
					b.Fatal(answer.Body)
				}
			}
		})
	}
}
