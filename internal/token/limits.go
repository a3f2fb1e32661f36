package token

import (
	"context"
	"net/http"
	"slices"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
)

// tooMany are the codes with which Entra refuses for the number of requests
// although the status says 400: a loop of the same client, a tenant in trouble.
var tooMany = []string{"AADSTS50196", "AADSTS90055"}

// admit is the refusal of the shared governor, if it has one. Not being able to
// ask it keeps nobody from a token: the worst is a refusal by Entra.
func (s *Source) admit(ctx context.Context, scope throttle.Scope, tenant sam.TenantID) error {
	if s.limits == nil {
		return nil
	}
	if wait, _ := s.limits.Admit(ctx, scope, s.now()); wait > 0 { // the error says that it could not be asked
		return throttle.Refusal(tenant, wait)
	}
	return nil
}

// observe closes the tenant's token endpoint for everyone when it said so. If
// that cannot be shared, this process stays away all the same.
func (s *Source) observe(ctx context.Context, scope throttle.Scope, p *sam.Problem) {
	if s.limits == nil || p == nil || p.Status != http.StatusTooManyRequests && !slices.Contains(tooMany, p.Code) {
		return
	}
	_ = s.limits.Observe(ctx, scope, throttle.Answer{Refused: true, RetryAfter: p.RetryAfter}, s.now())
}
