package entra_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/cloud"
	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// TestUnknownCodesAreReportedOnce with their trace id, whoever meets them and
// however often; known ones are not.
func TestUnknownCodesAreReportedOnce(t *testing.T) {
	t.Parallel()
	codes := []int{7999999, 50076, 7999999, 8888888, 90033}
	l := newLogin(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		say(w, 400, string(errorBody("invalid_grant", "", codes[n%len(codes)])))
	})
	var mu sync.Mutex
	told := map[string]int{}
	public, _ := cloud.Lookup("public")
	c := entra.New(entra.Config{
		Cloud: public, LoginURL: l.URL, App: app, Credential: fixedSecret("s"), HTTP: l.Client(), Now: func() time.Time { return at },
		Unknown: func(p *sam.Problem) {
			mu.Lock()
			defer mu.Unlock()
			told[p.Code+" "+p.RequestID]++
		},
	})
	var all sync.WaitGroup
	for range 4 * len(codes) {
		all.Go(func() {
			if _, err := c.Redeem(t.Context(), refresh(customer)); err == nil {
				t.Error("redeemed")
			}
		})
	}
	all.Wait()
	want := map[string]int{"AADSTS7999999 " + traceID: 1, "AADSTS8888888 " + traceID: 1}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
}
