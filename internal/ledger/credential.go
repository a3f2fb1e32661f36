package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

// partitionCredentials holds the app's credentials, beside the connections
// that they open.
const partitionCredentials = "credential"

// Credential is what is known about one of the app's own credentials; its value
// is in the vault and nowhere else. A lost row costs repeated work only.
type Credential struct {
	Name        string    // of the vault's secret
	Expires     time.Time // of the one in use; zero when not known
	Candidate   string    // the next one, once the registration lists it
	ListedAt    time.Time // since when it does
	TidiedAt    time.Time // when what is no longer used was last removed
	NextAttempt time.Time // not before this; zero for no such limit
	Attempts    int       // failed attempts since the last good one
	Problem     *ConnectionProblem
}

// PutCredential writes a credential over what was known about it.
func (l *Ledger) PutCredential(ctx context.Context, c Credential) error {
	c.Expires, c.ListedAt, c.TidiedAt, c.NextAttempt = utc(c.Expires), utc(c.ListedAt), utc(c.TidiedAt), utc(c.NextAttempt)
	c.Problem = c.Problem.inUTC()
	if err := put(ctx, l.connections, credentialKey(c.Name), c); err != nil {
		return fmt.Errorf("put credential %s: %w", c.Name, err)
	}
	return nil
}

// Credential reads one credential, or ErrAbsent.
func (l *Ledger) Credential(ctx context.Context, name string) (Credential, error) {
	c, _, err := get[Credential](ctx, l.connections, credentialKey(name))
	if err != nil {
		return Credential{}, fmt.Errorf("credential %s: %w", name, err)
	}
	return c, nil
}

func credentialKey(name string) rows.Key {
	return rows.Key{Partition: partitionCredentials, Row: rows.Part(name)}
}
