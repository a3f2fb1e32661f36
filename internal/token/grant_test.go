package token_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// refusing answers with an AADSTS code as long as refuse says so.
func refusing(code int, refuse func(r entra.RefreshRequest) bool) func(context.Context, int, entra.RefreshRequest) (entra.Tokens, error) {
	return func(_ context.Context, n int, r entra.RefreshRequest) (entra.Tokens, error) {
		if refuse(r) {
			body := fmt.Appendf(nil, `{"error":"invalid_grant","error_codes":[%d]}`, code)
			return entra.Tokens{}, entra.Classify("redeem", r.Tenant, r.Home, http.StatusBadRequest, nil, body, time.Now())
		}
		return anHour(n), nil
	}
}

func oldToken(r entra.RefreshRequest) bool { return r.RefreshToken.Reveal() == "refresh-1" }

func TestVaultIsReadEveryTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		defer h.Close()
		for i, step := range []struct {
			pause time.Duration
			reads int
		}{{0, 1}, {9 * time.Minute, 1}, {time.Minute, 2}, {9 * time.Minute, 2}} {
			pass(step.pause)
			h.get(t, fmt.Sprint("https://resource-", i, "/.default"))
			if h.reads() != step.reads {
				t.Errorf("step %d: %d reads, want %d", i, h.reads(), step.reads)
			}
		}
	})
}

func TestRefusedTokenIsLookedUpAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, refusing(50173, oldToken))
	h.problem(t, sam.ClassCustomer)
	if h.redeemer.count() != 1 || h.reads() != 2 {
		t.Errorf("%d redemptions, %d reads; want a second look, and the same version not tried again", h.redeemer.count(), h.reads())
	}
}

func TestNewVersionInTheVaultIsTried(t *testing.T) {
	t.Parallel()
	var revoked atomic.Bool
	h := newHouse(t, refusing(50173, func(r entra.RefreshRequest) bool { return revoked.Load() && oldToken(r) }))
	h.want(t, arm, "access-1")
	h.put(t, "refresh-2") // a consent on another instance
	revoked.Store(true)
	h.want(t, graph, "access-3")
	if h.redeemer.count() != 3 || h.reads() != 2 {
		t.Errorf("%d redemptions, %d reads; want the old token refused, then the new one taken", h.redeemer.count(), h.reads())
	}
}

func TestNewVersionIsTriedOnlyOnce(t *testing.T) {
	t.Parallel()
	var revoked atomic.Bool
	h := newHouse(t, refusing(700082, func(entra.RefreshRequest) bool { return revoked.Load() }))
	h.want(t, arm, "access-1")
	h.put(t, "refresh-2")
	revoked.Store(true)
	if p := h.problem(t, sam.ClassCustomer); p.Code != "AADSTS700082" {
		t.Errorf("code %s", p.Code)
	}
	if h.redeemer.count() != 3 || h.reads() != 2 {
		t.Errorf("%d redemptions, %d reads; want one repetition", h.redeemer.count(), h.reads())
	}
}

// problem asks for a token and wants a problem of the class.
func (h *house) problem(t *testing.T, class sam.Class) *sam.Problem {
	t.Helper()
	_, err := h.Credential(conn, customer).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
	p := sam.AsProblem(err)
	if p == nil || p.Class != class {
		t.Fatalf("%v, want a problem of class %s", err, class)
	}
	return p
}

func TestOtherProblemsDoNotReadTheVaultAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code   int
		class  sam.Class
		reason sam.Reason
	}{
		"no consent":          {65001, sam.ClassCustomer, sam.ConsentMissing},
		"no relationship":     {50020, sam.ClassCustomer, sam.NoGDAP},
		"blocked by policy":   {53003, sam.ClassPolicy, sam.BlockedByPolicy},
		"MFA at a customer":   {50076, sam.ClassPolicy, sam.BlockedByPolicy},
		"wrong secret":        {7000215, sam.ClassCredential, sam.NoReason},
		"Entra is away":       {90033, sam.ClassRetry, sam.NoReason},
		"a code nobody knows": {99999999, sam.ClassCustomer, sam.NoReason},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, refusing(c.code, oldToken))
			if p := h.problem(t, c.class); p.Reason != c.reason || p.Tenant != customer {
				t.Errorf("reason %q at %s, want %q", p.Reason, p.Tenant, c.reason)
			}
			if h.redeemer.count() != 1 || h.reads() != 1 {
				t.Errorf("%d redemptions, %d reads; want one of each", h.redeemer.count(), h.reads())
			}
		})
	}
}

func TestFailingFleetIsNoStormOnTheVault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, refusing(50173, oldToken))
		defer h.Close()
		sweep := func(scope string) {
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					tenant := sam.TenantID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", i))
					_, err := h.Credential(conn, tenant).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
					if sam.ClassOf(err) != sam.ClassCustomer {
						t.Errorf("%v, want class customer", err)
					}
				})
			}
			wg.Wait()
		}
		sweep(graph)
		if h.reads() != 2 {
			t.Errorf("%d reads for 100 refused customers, want two", h.reads())
		}
		pass(time.Minute)
		sweep(graph)
		if h.reads() != 3 {
			t.Errorf("%d reads a minute later, want three", h.reads())
		}
	})
}

func TestVaultProblemIsPassedOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	denied := &sam.Problem{Op: "read refresh token", Class: sam.ClassConfiguration, Code: "ForbiddenByRbac"}
	h.vault.Before(func(string) error { return denied })
	_, err := h.Credential(conn, customer).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
	if p := sam.AsProblem(err); p == nil || p.Code != denied.Code || p == denied || h.redeemer.count() != 0 {
		t.Errorf("%v after %d redemptions, want the vault's problem, a copy of our own", err, h.redeemer.count())
	}
	h.vault.Before(nil)
	h.want(t, graph, "access-1")
}
