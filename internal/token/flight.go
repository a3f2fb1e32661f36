package token

import (
	"context"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/samkeeper/samkeeper/internal/entra"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// flightKey names one redemption under way. The generation keeps callers after
// a Forget from boarding a flight that left before it.
type flightKey struct {
	key
	claims     string
	generation uint64
}

// flight is one redemption under way; token and err are set before done closes.
type flight struct {
	done  chan struct{}
	token azcore.AccessToken
	err   error
}

var errClosed = errors.New("the token source is closed")

// fly joins the flight for the key, or starts it, and waits as long as the
// caller's context allows.
func (s *Source) fly(ctx context.Context, k key, claims string) (azcore.AccessToken, error) {
	if err := ctx.Err(); err != nil {
		return azcore.AccessToken{}, waiting(k, err)
	}
	f, err := s.board(ctx, k, claims)
	if err != nil {
		return azcore.AccessToken{}, waiting(k, err)
	}
	select {
	case <-f.done:
		return f.token, problemFor(k, f.err)
	case <-ctx.Done():
		return azcore.AccessToken{}, waiting(k, context.Cause(ctx))
	}
}

// board finds the flight, or starts it in a goroutine that Close awaits.
func (s *Source) board(ctx context.Context, k key, claims string) (*flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	fk := flightKey{k, claims, s.generation}
	if f, ok := s.flights[fk]; ok {
		return f, nil
	}
	f := &flight{done: make(chan struct{})}
	s.flights[fk] = f
	s.wg.Add(1)
	go s.run(context.WithoutCancel(ctx), fk, f)
	return f, nil
}

// run makes the redemption. ctx carries the first caller's values (for logs and
// traces) but not its cancellation.
func (s *Source) run(ctx context.Context, fk flightKey, f *flight) {
	defer s.wg.Done()
	ctx, cancel := context.WithTimeout(ctx, flightLife)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	tokens, err := s.redeem(ctx, fk)
	if err != nil {
		f.err = err
	} else {
		f.token = azcore.AccessToken{Token: tokens.Access.Reveal(), ExpiresOn: tokens.ExpiresOn, RefreshOn: tokens.RefreshOn}
		s.keep(fk.key, f.token, fk.generation)
	}
	s.mu.Lock()
	delete(s.flights, fk)
	s.mu.Unlock()
	close(f.done)
}

// redeem trades the refresh token; when the token itself is refused and the
// vault has another version by now, once more with that.
func (s *Source) redeem(ctx context.Context, fk flightKey) (entra.Tokens, error) {
	held, err := s.refreshToken(ctx, fk.conn)
	if err != nil {
		return entra.Tokens{}, err
	}
	tokens, err := s.trade(ctx, fk, held)
	if !entra.GrantRefused(sam.AsProblem(err)) {
		return tokens, err
	}
	newer, rerr := s.newerThan(ctx, fk.conn, held)
	if rerr != nil || newer.ID == held.ID {
		return tokens, err
	}
	return s.trade(ctx, fk, newer)
}

func (s *Source) trade(ctx context.Context, fk flightKey, v vault.Version) (entra.Tokens, error) {
	scope := throttle.Limit{Kind: throttle.Token}.Of(fk.conn, fk.tenant)
	if err := s.admit(ctx, scope, fk.tenant); err != nil {
		return entra.Tokens{}, err
	}
	tokens, err := s.redeemer.Redeem(ctx, entra.RefreshRequest{
		Tenant: fk.tenant, Home: fk.conn.Tenant(), RefreshToken: v.Token, Scope: fk.scope, Claims: fk.claims,
	})
	s.observe(ctx, scope, sam.AsProblem(err))
	return tokens, err
}

// problemFor gives each caller a problem of its own: callers may add to it, and
// the flight's is shared.
func problemFor(k key, err error) error {
	if err == nil {
		return nil
	}
	shared := sam.AsProblem(err)
	if shared == nil {
		return waiting(k, err)
	}
	own := *shared
	return &own
}

// waiting explains a caller who left before the token came.
func waiting(k key, err error) error {
	return &sam.Problem{
		Op: "get access token", Tenant: k.tenant, Class: sam.ClassRetry, Err: err,
		Plain: "The access token did not come in time.", Fix: "Nothing; it is tried again later.",
	}
}
