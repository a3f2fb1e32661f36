package arm_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samkeeper/samkeeper/sim/arm"
	"github.com/samkeeper/samkeeper/sim/world"
)

// BenchmarkLargeFleet stands beside the budget of a Resource Graph query:
// under a millisecond for any customer of 10,000.
func BenchmarkLargeFleet(b *testing.B) {
	w := world.New(world.Config{Seed: 1, Customers: 10000, Start: start})
	s := arm.New(w, reader{})
	s.Set(func(d *arm.Dials) { d.QueriesPerWindow, d.ReadBucket = 0, 0 })
	const body = `{"query":"healthresources | where type =~ 'microsoft.resourcehealth/availabilitystatuses' | where properties.availabilityState in~ ('Unavailable','Degraded') | project id, properties"}`
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, graphPath, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+w.Customers()[9000].TenantID)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
	}
}
