package upstream_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/throttle/throttletest"
	"github.com/samkeeper/samkeeper/internal/upstream"
)

// counting is a credential behind a real governor, as jobs have it.
type counting struct {
	credential
	governor *throttle.Governor
}

const account = sam.ConnectionID(tenant + ".33333333-3333-4333-8333-333333333333")

func (c *counting) Admit(ctx context.Context, limit throttle.Limit) error {
	if wait, err := c.governor.Admit(ctx, limit.Of(account, tenant), time.Now()); err != nil || wait > 0 {
		return throttle.Refusal(tenant, wait)
	}
	return nil
}

func (c *counting) Observe(ctx context.Context, limit throttle.Limit, a throttle.Answer) {
	_ = c.governor.Observe(ctx, limit.Of(account, tenant), a, time.Now())
}

// instant answers without a network.
type instant struct{}

func (instant) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: req}, nil
}

// What being counted adds to a call whose answer takes no time at all. The
// budget: less than a microsecond for each limit, and less than a tenth of the
// bare pipeline.
func BenchmarkCall(b *testing.B) {
	for _, counts := range []bool{false, true} {
		name := map[bool]string{false: "bare", true: "governed"}[counts]
		b.Run(name, func(b *testing.B) {
			cred := &counting{governor: throttle.NewGovernor(&throttletest.Table{})}
			options, err := upstream.ClientOptions("https://example.test", &http.Client{Transport: instant{}})
			if err != nil {
				b.Fatal(err)
			}
			limits := func(*http.Request) [2]throttle.Limit {
				return [2]throttle.Limit{{Kind: throttle.ResourceGraph}, {Kind: throttle.ARM}}
			}
			govern := upstream.Govern(cred, limits, time.Now)
			if !counts {
				govern = nil
			}
			pipeline := upstream.NewPipeline(options, cred, "scope", govern...)
			ctx := throttle.NewPouch(nil).In(b.Context())
			b.ReportAllocs()
			for b.Loop() {
				req, err := runtime.NewRequest(ctx, http.MethodGet, "https://example.test/")
				if err != nil {
					b.Fatal(err)
				}
				resp, err := pipeline.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}
