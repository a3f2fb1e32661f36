package upstream

import (
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/throttle"
)

// Governed is a credential whose calls are counted by everyone together. Calls
// made with any other credential are not.
type Governed interface {
	azcore.TokenCredential
	// Admit is nil, or a *sam.Problem: the call must not be made now.
	Admit(ctx context.Context, limit throttle.Limit) error
	// Observe is told what came of the call.
	Observe(ctx context.Context, limit throttle.Limit, answer throttle.Answer)
}

// Counted says which limits a request falls under, the most specific first:
// the one that a refusal is about. The zero Limit stands for none.
type Counted func(*http.Request) [2]throttle.Limit

// Govern has the calls of a credential admitted before a token is fetched, and
// their answers observed; a repetition of the pipeline is not asked for again.
// It is empty for a credential that is not Governed.
func Govern(cred azcore.TokenCredential, counted Counted, now func() time.Time) []policy.Policy {
	g, ok := cred.(Governed)
	if !ok {
		return nil
	}
	return []policy.Policy{governor{g, counted, now}}
}

type governor struct {
	cred    Governed
	counted Counted
	now     func() time.Time
}

// Do implements policy.Policy.
func (g governor) Do(req *policy.Request) (*http.Response, error) {
	ctx, limits := req.Raw().Context(), g.counted(req.Raw())
	for _, limit := range limits {
		if limit.Kind != 0 {
			if err := g.cred.Admit(ctx, limit); err != nil {
				return nil, err
			}
		}
	}
	resp, err := req.Next()
	if err != nil {
		return resp, err
	}
	answer := throttle.Answer{Header: resp.Header}
	if answer.Refused = resp.StatusCode == http.StatusTooManyRequests; answer.Refused {
		answer.RetryAfter = ParseRetryAfter(resp.Header.Get("Retry-After"), g.now())
	}
	for _, limit := range limits {
		if limit.Kind != 0 {
			g.cred.Observe(ctx, limit, answer)
			answer.Refused = false // the first is the one it is about
		}
	}
	return resp, nil
}
