package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/token"
	"github.com/samkeeper/samkeeper/internal/vault"
	"github.com/samkeeper/samkeeper/internal/vault/vaulttest"
)

const (
	partner  = sam.TenantID("11111111-1111-4111-8111-111111111111")
	conn     = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")
	customer = sam.TenantID("c0000000-0000-4000-8000-000000000001")
	graph    = "https://graph.microsoft.com/.default"
	arm      = "https://management.azure.com/.default"
)

// redeemer counts redemptions; answer decides what each brings.
type redeemer struct {
	mu     sync.Mutex
	asked  []entra.RefreshRequest
	answer func(ctx context.Context, n int, r entra.RefreshRequest) (entra.Tokens, error)
}

func (r *redeemer) Redeem(ctx context.Context, q entra.RefreshRequest) (entra.Tokens, error) {
	r.mu.Lock()
	r.asked = append(r.asked, q)
	n := len(r.asked)
	r.mu.Unlock()
	if r.answer != nil {
		return r.answer(ctx, n, q)
	}
	return anHour(n), nil
}

func (r *redeemer) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

// anHour is a token that names the redemption it came from.
func anHour(n int) entra.Tokens {
	return entra.Tokens{
		Access: sam.NewSecret(fmt.Sprint("access-", n)), Refresh: sam.NewSecret("ignored"), ExpiresOn: time.Now().Add(time.Hour),
	}
}

// house is a Source with everything around it.
type house struct {
	*token.Source
	redeemer *redeemer
	vault    *vaulttest.Memory
}

func newHouse(t *testing.T, answer func(context.Context, int, entra.RefreshRequest) (entra.Tokens, error)) *house {
	t.Helper()
	h := &house{redeemer: &redeemer{answer: answer}, vault: vaulttest.NewMemory(nil)}
	h.put(t, "refresh-1")
	h.Source = token.New(token.Config{Redeemer: h.redeemer, Vault: h.vault})
	t.Cleanup(h.Close)
	return h
}

func (h *house) put(t *testing.T, value string) {
	t.Helper()
	if _, err := h.vault.Put(t.Context(), version(value)); err != nil {
		t.Fatal(err)
	}
}

func version(value string) vault.Version {
	return vault.Version{Connection: conn, Token: sam.NewSecret(value)}
}

// reads counts how often the vault was read.
func (h *house) reads() int {
	n := 0
	for _, c := range h.vault.Calls() {
		if c == "Current" {
			n++
		}
	}
	return n
}

func (h *house) get(t *testing.T, scope string) azcore.AccessToken {
	t.Helper()
	got, err := h.Credential(conn, customer).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (h *house) want(t *testing.T, scope, access string) {
	t.Helper()
	if got := h.get(t, scope).Token; got != access {
		t.Errorf("%s, want %s", got, access)
	}
}

// pass lets the time of a synctest bubble go on.
func pass(d time.Duration) { <-time.After(d) }

func TestTokenIsRedeemedForTheCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.want(t, graph, "access-1")
	got := h.redeemer.asked[0]
	if got.Tenant != customer || got.Home != partner || got.RefreshToken.Reveal() != "refresh-1" || got.Scope != graph || got.Claims != "" {
		t.Errorf("asked for %+v", got)
	}
}

func TestTokensAreKeptApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.want(t, graph, "access-1")
	h.want(t, arm, "access-2")
	other, err := h.Credential(conn, partner).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
	if err != nil || other.Token != "access-3" {
		t.Errorf("another tenant got %s (%v)", other.Token, err)
	}
	h.want(t, graph, "access-1")
	h.want(t, arm, "access-2")
	if h.reads() != 1 {
		t.Errorf("the vault was read %d times, want once", h.reads())
	}
}

func TestTokenIsRenewedFiveMinutesBeforeItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		defer h.Close()
		for _, step := range []struct {
			pause  time.Duration
			access string
		}{{0, "access-1"}, {55*time.Minute - time.Nanosecond, "access-1"}, {time.Nanosecond, "access-2"}, {time.Minute, "access-2"}} {
			pass(step.pause)
			h.want(t, graph, step.access)
		}
	})
}

func TestRefreshInIsHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := false
		h := newHouse(t, func(_ context.Context, n int, _ entra.RefreshRequest) (entra.Tokens, error) {
			if down {
				return entra.Tokens{}, &sam.Problem{Op: "redeem", Class: sam.ClassRetry}
			}
			tokens := anHour(n)
			tokens.RefreshOn = time.Now().Add(30 * time.Minute)
			return tokens, nil
		})
		defer h.Close()
		h.want(t, graph, "access-1")
		pass(29 * time.Minute)
		h.want(t, graph, "access-1")
		down = true
		pass(time.Minute)
		h.want(t, graph, "access-1") // the renewal failed, the token still lives
		h.want(t, graph, "access-1") // and is not tried at once again
		if h.redeemer.count() != 2 {
			t.Errorf("%d redemptions, want one renewal tried", h.redeemer.count())
		}
		down = false
		pass(30 * time.Second)
		h.want(t, graph, "access-3")
	})
}

func TestOneRedemptionForManyCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := newHouse(t, func(_ context.Context, n int, _ entra.RefreshRequest) (entra.Tokens, error) {
			<-release
			return anHour(n), nil
		})
		defer h.Close()
		impatient, leave := context.WithCancel(t.Context())
		results := make(chan error, 1)
		go func() { // the caller that starts the flight leaves before it lands
			_, err := h.Credential(conn, customer).GetToken(impatient, policy.TokenRequestOptions{Scopes: []string{graph}})
			results <- err
		}()
		synctest.Wait()
		var others sync.WaitGroup
		for range 50 {
			others.Go(func() { h.want(t, graph, "access-1") })
		}
		synctest.Wait()
		leave()
		if err := <-results; !errors.Is(err, context.Canceled) || sam.ClassOf(err) != sam.ClassRetry {
			t.Errorf("the impatient caller got %v", err)
		}
		close(release)
		others.Wait()
		if h.redeemer.count() != 1 || h.reads() != 1 {
			t.Errorf("%d redemptions, %d reads of the vault; want one of each", h.redeemer.count(), h.reads())
		}
	})
}

func TestFlightEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(ctx context.Context, _ int, _ entra.RefreshRequest) (entra.Tokens, error) {
			<-ctx.Done()
			return entra.Tokens{}, &sam.Problem{Op: "redeem", Class: sam.ClassRetry, Err: ctx.Err()}
		})
		defer h.Close()
		began := time.Now()
		_, err := h.Credential(conn, customer).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v, want the end after a minute", err, time.Since(began))
		}
	})
}

func TestCloseEndsFlights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(ctx context.Context, _ int, _ entra.RefreshRequest) (entra.Tokens, error) {
			<-ctx.Done()
			return entra.Tokens{}, ctx.Err()
		})
		ended := make(chan error, 1)
		go func() {
			_, err := h.Credential(conn, customer).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}})
			ended <- err
		}()
		synctest.Wait()
		h.Close()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the flight ended with %v", err)
		}
		if _, err := h.Credential(conn, customer).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}}); sam.AsProblem(err) == nil {
			t.Errorf("after Close: %v, want a problem", err)
		}
	})
}

func TestClaimsPassTheCacheBy(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.want(t, graph, "access-1")
	const claims = `{"access_token":{"polids":{"essential":true}}}`
	got, err := h.Credential(conn, customer).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}, Claims: claims})
	if err != nil || got.Token != "access-2" || h.redeemer.asked[1].Claims != claims {
		t.Errorf("%s for claims %q (%v)", got.Token, h.redeemer.asked[1].Claims, err)
	}
	h.want(t, graph, "access-2")
}

func TestForgetDropsTheConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.want(t, graph, "access-1")
	h.put(t, "refresh-2")
	h.Forget(conn)
	h.want(t, graph, "access-2")
	if got := h.redeemer.asked[1].RefreshToken.Reveal(); got != "refresh-2" {
		t.Errorf("redeemed %s, want the new one", got)
	}
	h.Forget("11111111-1111-4111-8111-111111111111.99999999-9999-4999-8999-999999999999")
	h.want(t, graph, "access-2")
}

func TestForgetGroundsFlightsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := newHouse(t, func(_ context.Context, n int, _ entra.RefreshRequest) (entra.Tokens, error) {
			if n == 1 {
				<-release
			}
			return anHour(n), nil
		})
		defer h.Close()
		var early sync.WaitGroup
		early.Go(func() { h.want(t, graph, "access-1") })
		synctest.Wait()
		h.Forget(conn)
		h.want(t, graph, "access-2") // does not board the flight that left before
		close(release)
		early.Wait()
		h.want(t, graph, "access-2") // what that flight brought is not kept
	})
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for name, o := range map[string]policy.TokenRequestOptions{
		"no scope":       {},
		"two scopes":     {Scopes: []string{graph, arm}},
		"another tenant": {Scopes: []string{graph}, TenantID: string(partner)},
	} {
		_, err := h.Credential(conn, customer).GetToken(t.Context(), o)
		if sam.ClassOf(err) != sam.ClassConfiguration {
			t.Errorf("%s: %v, want class configuration", name, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Credential(conn, customer).GetToken(cancelled, policy.TokenRequestOptions{Scopes: []string{graph}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if h.redeemer.count() != 0 {
		t.Errorf("%d redemptions", h.redeemer.count())
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	const customers = 10_500
	for i := range customers {
		c := h.Credential(conn, sam.TenantID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", i)))
		if _, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.Len(); got > 10_000 || got < 9_000 {
		t.Errorf("%d tokens are held, want about 10,000 at most", got)
	}
}

func TestHitAllocatesNothing(t *testing.T) {
	h := newHouse(t, nil)
	credential := h.Credential(conn, customer)
	options := policy.TokenRequestOptions{Scopes: []string{graph}}
	ctx := t.Context()
	if _, err := credential.GetToken(ctx, options); err != nil {
		t.Fatal(err)
	}
	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := credential.GetToken(ctx, options); err != nil {
			t.Error(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations a hit, want none", allocations)
	}
}

// A consent given a moment ago is seen past the cache, and by everybody after.
func TestFreshPassesTheCacheBy(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.want(t, graph, "access-1")
	got, err := h.Credential(conn, customer).GetToken(token.Fresh(t.Context()), policy.TokenRequestOptions{Scopes: []string{graph}})
	if err != nil || got.Token != "access-2" {
		t.Fatalf("%s, %v; want another token", got.Token, err)
	}
	h.want(t, graph, "access-2")
	if h.redeemer.count() != 2 {
		t.Errorf("%d redemptions, want 2", h.redeemer.count())
	}
}

// A refusal is not remembered: the next request asks again.
func TestRefusalsAreNotCached(t *testing.T) {
	t.Parallel()
	var consented atomic.Bool
	h := newHouse(t, refusing(65001, func(entra.RefreshRequest) bool { return !consented.Load() }))
	h.problem(t, sam.ClassCustomer)
	consented.Store(true)
	h.want(t, graph, "access-2")
}
