package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// partitionConnections holds all connections: there are few, and they are
// always wanted together.
const partitionConnections = "connection"

// Connection is what is known about one consented identity; the refresh token
// itself is in the vault and nowhere else.
type Connection struct {
	ID          sam.ConnectionID
	Kind        sam.Kind
	UPN, Name   string
	App         sam.AppID
	Cloud       string
	ConsentedAt time.Time // when a person last consented
	RedeemedAt  time.Time // when the current token was issued
	Expires     time.Time // when the current token dies unless rotated
	RotatedAt   time.Time // last successful rotation; zero before the first
	ProvedAt    time.Time // when a stored token was last read back and redeemed
	NextAttempt time.Time // no rotation before this; zero for no such limit
	Version     string    // the vault's version of the current token
	MFA         bool      // the last Partner Center token carried MFA evidence
	Disabled    bool      // a person switched the connection off
	Attempts    int       // failed rotations since the last good one
	Problem     *ConnectionProblem
}

// ConnectionProblem is why a connection does not work, or may soon not.
type ConnectionProblem struct {
	Class                       sam.Class
	Code, Plain, Fix, RequestID string
	Since                       time.Time
	Raised                      bool // the person in charge was told
}

// PutConnection writes a connection over what was known about it.
func (l *Ledger) PutConnection(ctx context.Context, c Connection) error {
	c.ConsentedAt, c.RedeemedAt, c.Expires = utc(c.ConsentedAt), utc(c.RedeemedAt), utc(c.Expires)
	c.RotatedAt, c.ProvedAt, c.NextAttempt = utc(c.RotatedAt), utc(c.ProvedAt), utc(c.NextAttempt)
	if c.Problem != nil {
		p := *c.Problem
		p.Since = utc(p.Since)
		c.Problem = &p
	}
	if err := put(ctx, l.connections, connectionKey(c.ID), c); err != nil {
		return fmt.Errorf("put connection %s: %w", c.ID, err)
	}
	return nil
}

// Connection reads one connection, or ErrAbsent.
func (l *Ledger) Connection(ctx context.Context, id sam.ConnectionID) (Connection, error) {
	c, _, err := get[Connection](ctx, l.connections, connectionKey(id))
	if err != nil {
		return Connection{}, fmt.Errorf("connection %s: %w", id, err)
	}
	return c, nil
}

// Connections lists all connections, ordered by id.
func (l *Ledger) Connections(ctx context.Context) ([]Connection, error) {
	all, err := collect(records[Connection](ctx, l.connections, rows.Query{Partition: partitionConnections}))
	if err != nil {
		return nil, fmt.Errorf("connections: %w", err)
	}
	return all, nil
}

func connectionKey(id sam.ConnectionID) rows.Key {
	return rows.Key{Partition: partitionConnections, Row: rows.Part(string(id))}
}
