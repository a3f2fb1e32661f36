package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Why a consent state is refused.
var (
	ErrStateUnknown = errors.New("the consent state is unknown")
	ErrStateUsed    = errors.New("the consent state was used before")
	ErrStateExpired = errors.New("the consent state has expired")
)

// partitionStates holds all consent states: they are few.
const partitionStates = "state"

// ConsentState is a sign-in that was begun and may be completed once.
type ConsentState struct {
	ID                   string
	CreatedAt, ExpiresAt time.Time
	Tenant               sam.TenantID
}

// stateRow is a state and when it was consumed.
type stateRow struct {
	ConsentState
	UsedAt time.Time
}

// PutState remembers a state. One with the same id must not exist.
func (l *Ledger) PutState(ctx context.Context, s ConsentState) error {
	s.CreatedAt, s.ExpiresAt = utc(s.CreatedAt), utc(s.ExpiresAt)
	r, err := rows.Encode(stateKey(s.ID), stateRow{ConsentState: s})
	if err == nil {
		err = l.consentStates.Insert(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("put consent state: %w", err)
	}
	return nil
}

// ConsumeState uses a state up and returns it. Of any number of callers one
// wins; the others get ErrStateUsed. ErrStateUnknown and ErrStateExpired speak
// for themselves. When the answer of the service is lost, the state counts as
// used: the person begins again.
func (l *Ledger) ConsumeState(ctx context.Context, id string, now time.Time) (ConsentState, error) {
	s, err := l.consumeState(ctx, id, now)
	if err != nil {
		return ConsentState{}, fmt.Errorf("consume consent state: %w", err)
	}
	return s, nil
}

func (l *Ledger) consumeState(ctx context.Context, id string, now time.Time) (ConsentState, error) {
	s, etag, err := get[stateRow](ctx, l.consentStates, stateKey(id))
	switch {
	case errors.Is(err, ErrAbsent):
		return ConsentState{}, ErrStateUnknown
	case err != nil:
		return ConsentState{}, err
	case !s.UsedAt.IsZero():
		return ConsentState{}, ErrStateUsed
	case !now.Before(s.ExpiresAt):
		return ConsentState{}, ErrStateExpired
	}
	s.UsedAt = utc(now)
	r, err := rows.Encode(stateKey(id), s)
	if err != nil {
		return ConsentState{}, err
	}
	r.ETag = etag
	if err = l.consentStates.Replace(ctx, r); errors.Is(err, rows.ErrChanged) {
		return ConsentState{}, ErrStateUsed
	}
	return s.ConsentState, err
}

func stateKey(id string) rows.Key {
	return rows.Key{Partition: partitionStates, Row: rows.Part(id)}
}
