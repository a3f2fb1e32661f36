package arm

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samkeeper/samkeeper/internal/throttle"
)

func TestCounted(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]throttle.Limit{
		"/subscriptions?api-version=x":                                         {{Kind: throttle.ARM}},
		"/subscriptions/":                                                      {{Kind: throttle.ARM}},
		"/subscriptions/AB-1?api-version=x":                                    {{Kind: throttle.ARM, Part: "ab-1"}},
		"/subscriptions/ab-1/resourceGroups/subscriptions":                     {{Kind: throttle.ARM, Part: "ab-1"}},
		"/providers/Microsoft.ResourceGraph/resources?api-version=x":           {{Kind: throttle.ResourceGraph}, {Kind: throttle.ARM}},
		"/providers/Microsoft.AlertsManagement/alerts":                         {{Kind: throttle.ARM}},
		"/base/subscriptions/ab-1/providers/Microsoft.ResourceHealth/statuses": {{Kind: throttle.ARM, Part: "ab-1"}},
	} {
		if got := counted(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.test"+path, http.NoBody)); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
