package ledger

import (
	"context"
	"errors"
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
	MFA         bool      // the last token of the sign-in's resource carried MFA evidence
	Primary     bool      // serves before the standbys of its tenant; see package serving
	Disabled    bool      // a person switched the connection off
	Attempts    int       // failed rotations since the last good one
	// BrokenAt is when the grant was found refused in its own tenant; zero once
	// it was proved again, or a person consented again.
	BrokenAt time.Time
	// MFACompliant is Partner Center's own word on the token's MFA, given at
	// MFACheckedAt; zero time: never asked, or not a partner's connection.
	MFACompliant bool
	MFACheckedAt time.Time
	Problem      *ConnectionProblem // why it does not work, or is not renewed
	Warning      *ConnectionProblem // why it will stop working, though it still does
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
	if err := put(ctx, l.connections, connectionKey(c.ID), c.inUTC()); err != nil {
		return fmt.Errorf("put connection %s: %w", c.ID, err)
	}
	return nil
}

// ChangeConnection lets change alter a connection, against the row it was read
// from: whoever changes it meanwhile makes change be asked anew. change returns
// false to leave the row alone. The result is false then; of several callers
// who would make the same change, one gets true. ErrAbsent when there is none.
func (l *Ledger) ChangeConnection(ctx context.Context, id sam.ConnectionID, change func(*Connection) bool) (bool, error) {
	for range maxAttempts {
		c, etag, err := get[Connection](ctx, l.connections, connectionKey(id))
		if err != nil {
			return false, fmt.Errorf("change connection %s: %w", id, err)
		}
		if !change(&c) {
			return false, nil
		}
		r, err := rows.Encode(connectionKey(id), c.inUTC())
		if err != nil {
			return false, fmt.Errorf("change connection %s: %w", id, err)
		}
		r.ETag = etag
		if err = l.connections.Replace(ctx, r); err == nil {
			return true, nil
		}
		if !errors.Is(err, rows.ErrChanged) {
			return false, fmt.Errorf("change connection %s: %w", id, err)
		}
	}
	return false, fmt.Errorf("change connection %s: %w", id, ErrBusy)
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

// inUTC is the connection as it is kept; what it points to is copied.
func (c Connection) inUTC() Connection {
	c.ConsentedAt, c.RedeemedAt, c.Expires = utc(c.ConsentedAt), utc(c.RedeemedAt), utc(c.Expires)
	c.RotatedAt, c.ProvedAt, c.NextAttempt = utc(c.RotatedAt), utc(c.ProvedAt), utc(c.NextAttempt)
	c.BrokenAt, c.MFACheckedAt = utc(c.BrokenAt), utc(c.MFACheckedAt)
	c.Problem, c.Warning = c.Problem.inUTC(), c.Warning.inUTC()
	return c
}

func (p *ConnectionProblem) inUTC() *ConnectionProblem {
	if p == nil {
		return nil
	}
	kept := *p
	kept.Since = utc(kept.Since)
	return &kept
}

func connectionKey(id sam.ConnectionID) rows.Key {
	return rows.Key{Partition: partitionConnections, Row: rows.Part(string(id))}
}
