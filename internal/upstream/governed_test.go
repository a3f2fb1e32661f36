package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// seen is one answer as a credential was told it.
type seen struct {
	limit   throttle.Limit
	refused bool
	wait    time.Duration
	warning string
}

// governed is a credential that admits what refuse does not name, and notes
// everything.
type governed struct {
	*credential
	refuse   throttle.Kind
	admitted []throttle.Limit
	seen     []seen
}

func (g *governed) Admit(_ context.Context, limit throttle.Limit) error {
	g.admitted = append(g.admitted, limit)
	if limit.Kind == g.refuse {
		return throttle.Refusal(tenant, time.Minute)
	}
	return nil
}

func (g *governed) Observe(_ context.Context, limit throttle.Limit, a throttle.Answer) {
	g.seen = append(g.seen, seen{limit, a.Refused, a.RetryAfter, a.Header.Get("x-ms-throttle-limit-percentage")})
}

var (
	one     = throttle.Limit{Kind: throttle.PartnerCustomer, Part: "c1"}
	all     = throttle.Limit{Kind: throttle.PartnerCenter}
	counted = func(*http.Request) [2]throttle.Limit { return [2]throttle.Limit{one, all} }
)

// through sends one GET through a governed pipeline.
func through(t *testing.T, url string, client *http.Client, cred *governed) (*http.Response, error) {
	t.Helper()
	options, err := upstream.ClientOptions(url, client)
	if err != nil {
		t.Fatal(err)
	}
	pipeline := upstream.NewPipeline(options, cred, "scope", upstream.Govern(cred, counted, func() time.Time { return now })...)
	req, err := runtime.NewRequest(t.Context(), http.MethodGet, url)
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Do(req)
}

func TestWhatIsNotAdmittedIsNotSent(t *testing.T) {
	t.Parallel()
	url, client, count := serve(t, func(http.ResponseWriter, *http.Request) {})
	cred := &governed{credential: &credential{}, refuse: throttle.PartnerCenter}
	_, err := through(t, url, client, cred)
	var p *sam.Problem
	if !errors.As(err, &p) || p.Code != throttle.CodeClosed || p.RetryAfter != time.Minute || p.Class != sam.ClassRetry {
		t.Errorf("error %v", err)
	}
	if count() != 0 || cred.asked != 0 || len(cred.seen) != 0 {
		t.Errorf("%d requests, %d tokens, %d answers", count(), cred.asked, len(cred.seen))
	}
	if want := []throttle.Limit{one, all}; !slices.Equal(cred.admitted, want) {
		t.Errorf("asked for %v", cred.admitted)
	}
}

func TestAnswersAreObserved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		after  string
		want   []seen
	}{
		{"served", http.StatusOK, "", []seen{{one, false, 0, "0.9"}, {all, false, 0, "0.9"}}},
		{"refused", http.StatusTooManyRequests, "57", []seen{{one, true, 57 * time.Second, "0.9"}, {all, false, 57 * time.Second, "0.9"}}},
		{"refused in fractions", http.StatusTooManyRequests, "2.5", []seen{{one, true, 2500 * time.Millisecond, "0.9"}, {all, false, 2500 * time.Millisecond, "0.9"}}},
		{"refused without a time", http.StatusTooManyRequests, "", []seen{{one, true, 0, "0.9"}, {all, false, 0, "0.9"}}},
		{"in trouble", http.StatusServiceUnavailable, "", []seen{{one, false, 0, "0.9"}, {all, false, 0, "0.9"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			url, client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("x-ms-throttle-limit-percentage", "0.9")
				if tt.after != "" {
					w.Header().Set("Retry-After", tt.after)
				}
				w.WriteHeader(tt.status)
			})
			cred := &governed{credential: &credential{}}
			resp, err := through(t, url, client, cred)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if !slices.Equal(cred.seen, tt.want) || len(cred.admitted) != 2 {
				t.Errorf("asked for %v, observed %v", cred.admitted, cred.seen)
			}
		})
	}
}

func TestOtherCredentialsAreNotCounted(t *testing.T) {
	t.Parallel()
	if got := upstream.Govern(&credential{}, counted, time.Now); len(got) != 0 {
		t.Errorf("%d policies", len(got))
	}
}
