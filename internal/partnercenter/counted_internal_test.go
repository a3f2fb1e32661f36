package partnercenter

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samkeeper/samkeeper/internal/throttle"
)

func TestCounted(t *testing.T) {
	t.Parallel()
	partner := throttle.Limit{Kind: throttle.PartnerCenter}
	for path, want := range map[string][2]throttle.Limit{
		"/v1/customers?size=500":       {partner},
		"/v1/customers/":               {partner},
		"/v1/customers/AB-1":           {{Kind: throttle.PartnerCustomer, Part: "ab-1"}, partner},
		"/V1/Customers/ab-1/anything":  {{Kind: throttle.PartnerCustomer, Part: "ab-1"}, partner},
		"/v1/applicationmfaadoption":   {partner},
		"/base/v1/customers/ab-1/more": {{Kind: throttle.PartnerCustomer, Part: "ab-1"}, partner},
	} {
		if got := counted(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.test"+path, http.NoBody)); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
