package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

// The phases of an audit record.
const (
	PhaseIntent  = "intent"  // written before the act
	PhaseOutcome = "outcome" // written after it
)

// Audit is one line of the audit trail. It never holds a secret.
type Audit struct {
	At        time.Time // stamped when zero
	Action    string    // "consent", "rotate", …
	Phase     string    // PhaseIntent or PhaseOutcome
	Subject   string    // connection or tenant
	Result    string
	Detail    string
	Reference string // what a person quotes: reference number, request id
}

// Record adds a line to the audit trail of its subject. Two calls add two
// lines, at the same instant as well; lines are never changed.
func (l *Ledger) Record(ctx context.Context, a Audit) error {
	if a.At.IsZero() {
		a.At = l.now()
	}
	a.At = utc(a.At)
	// Nanoseconds left until the end of time make the newest line sort first.
	key := rows.Key{Partition: rows.Part(a.Subject), Row: fmt.Sprintf("%019d-%s", math.MaxInt64-a.At.UnixNano(), rand.Text())}
	r, err := rows.Encode(key, a)
	if err == nil {
		err = l.audit.Insert(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("record %s of %s for %s: %w", a.Phase, a.Action, a.Subject, err)
	}
	return nil
}

// AuditTrail lists the newest lines about a subject first, at most limit of
// them; 0 means all.
func (l *Ledger) AuditTrail(ctx context.Context, subject string, limit int) ([]Audit, error) {
	trail, err := collect(records[Audit](ctx, l.audit, rows.Query{Partition: rows.Part(subject), Limit: limit}))
	if err != nil {
		return nil, fmt.Errorf("audit trail of %s: %w", subject, err)
	}
	return trail, nil
}
