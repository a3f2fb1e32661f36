package token

import (
	"context"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// grant is the refresh token of one connection as last read from the vault.
// Its fields belong to whoever has put something into turn, so that many
// flights cause one read; waiting for the turn obeys the context.
type grant struct {
	turn        chan struct{}
	version     vault.Version
	readAt      time.Time
	confirmedAt time.Time // when a refused version was found to be the newest still
}

// refreshToken returns the connection's refresh token, from the vault when none
// is held or the one held is older than vaultLife.
func (s *Source) refreshToken(ctx context.Context, conn sam.ConnectionID) (vault.Version, error) {
	g, err := s.take(ctx, conn)
	if err != nil {
		return vault.Version{}, err
	}
	defer g.leave()
	now := s.now()
	if !g.readAt.IsZero() && now.Sub(g.readAt) < vaultLife {
		return g.version, nil
	}
	return s.read(ctx, conn, g, now)
}

// newerThan returns the newest version after held was refused: what another
// flight found meanwhile, or what the vault says now.
func (s *Source) newerThan(ctx context.Context, conn sam.ConnectionID, held vault.Version) (vault.Version, error) {
	g, err := s.take(ctx, conn)
	if err != nil {
		return vault.Version{}, err
	}
	defer g.leave()
	now := s.now()
	if g.supersedes(held, now) {
		return g.version, nil
	}
	v, err := s.read(ctx, conn, g, now)
	if err == nil && v.ID == held.ID {
		g.confirmedAt = now
	}
	return v, err
}

// supersedes reports whether what is held now settles the question: another
// version than the refused one, or the same and lately confirmed.
func (g *grant) supersedes(refused vault.Version, now time.Time) bool {
	if g.readAt.IsZero() {
		return false
	}
	return g.version.ID != refused.ID || !g.confirmedAt.IsZero() && now.Sub(g.confirmedAt) < confirmLife
}

// read asks the vault; the turn is held.
func (s *Source) read(ctx context.Context, conn sam.ConnectionID, g *grant, now time.Time) (vault.Version, error) {
	v, err := s.vault.Current(ctx, conn)
	if err != nil {
		return vault.Version{}, err
	}
	g.version, g.readAt, g.confirmedAt = v, now, time.Time{}
	return v, nil
}

// take waits for the turn on the connection's grant.
func (s *Source) take(ctx context.Context, conn sam.ConnectionID) (*grant, error) {
	s.mu.Lock()
	g, ok := s.grants[conn]
	if !ok {
		g = &grant{turn: make(chan struct{}, 1)}
		s.grants[conn] = g
	}
	s.mu.Unlock()
	select {
	case g.turn <- struct{}{}:
		return g, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the refresh token of connection %s: %w", conn, ctx.Err())
	}
}

func (g *grant) leave() { <-g.turn }
