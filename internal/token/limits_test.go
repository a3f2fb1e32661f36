package token_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/throttle/throttletest"
	"github.com/samkeeper/samkeeper/internal/token"
)

// hurried counts redemptions and refuses them all.
type hurried struct {
	with  *sam.Problem
	asked int
}

func (r *hurried) Redeem(context.Context, entra.RefreshRequest) (entra.Tokens, error) {
	r.asked++
	return entra.Tokens{}, r.with
}

// What Entra says about too many requests keeps every process away from that
// tenant's token endpoint; other refusals keep nobody away.
func TestRefusedRedemptionIsShared(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		with sam.Problem
		wait time.Duration // 0: nobody is kept away
	}{
		{"429", sam.Problem{Status: http.StatusTooManyRequests, RetryAfter: 30 * time.Second}, 30 * time.Second},
		{"429 without a time", sam.Problem{Status: http.StatusTooManyRequests}, time.Minute},
		{"loop", sam.Problem{Status: http.StatusBadRequest, Code: "AADSTS50196", RetryAfter: 5 * time.Minute}, 5 * time.Minute},
		{"tenant in trouble", sam.Problem{Status: http.StatusBadRequest, Code: "AADSTS90055"}, time.Minute},
		{"outage", sam.Problem{Status: http.StatusServiceUnavailable, RetryAfter: time.Minute}, 0},
		{"no consent", sam.Problem{Status: http.StatusBadRequest, Code: "AADSTS65001", Class: sam.ClassCustomer}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			shared, at := &throttletest.Table{}, time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
			entra := &hurried{with: &tt.with}
			ask := func(tenant sam.TenantID) *sam.Problem {
				source := token.New(token.Config{
					Redeemer: entra, Vault: seeded(t), Limits: throttle.NewGovernor(shared), Now: func() time.Time { return at },
				})
				defer source.Close()
				_, err := source.Credential(conn, tenant).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
				return sam.AsProblem(err)
			}
			if p := ask(customer); p == nil || p.Code != tt.with.Code || entra.asked != 1 {
				t.Fatalf("the first: %+v after %d redemptions", p, entra.asked)
			}
			p := ask(customer)
			if kept := p.Code == throttle.CodeClosed; kept != (tt.wait > 0) || kept && (p.RetryAfter != tt.wait || entra.asked != 1) {
				t.Errorf("the second: %+v after %d redemptions", p, entra.asked)
			}
			if p := ask(conn.Tenant()); p.Code == throttle.CodeClosed {
				t.Error("another tenant is closed as well")
			}
		})
	}
}

// Not even a table out of reach keeps anybody from a token.
func TestLimitsOutOfReach(t *testing.T) {
	t.Parallel()
	lost := &throttletest.Table{Fail: func(string) error { return context.DeadlineExceeded }}
	source := token.New(token.Config{Redeemer: &redeemer{}, Vault: seeded(t), Limits: throttle.NewGovernor(lost)})
	defer source.Close()
	for _, tenant := range []sam.TenantID{customer, conn.Tenant()} {
		if _, err := source.Credential(conn, tenant).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}}); err != nil {
			t.Error(err)
		}
	}
}
