package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Poisoned jobs lie beside the runs: they are few, and read newest first.
const (
	partitionPoison = "poison"
	poisonJob       = "job"  // job|<id inverted>: the record
	poisonBody      = "body" // body|<hash>: the id given to a body, so that it gets one record
)

// poisonTime is how an id begins.
const poisonTime = "20060102T150405Z"

// Poisoned is a message that the host gave up delivering: a job of ours, or
// something foreign that nobody can do. It never holds a secret.
type Poisoned struct {
	ID       string // sortable, begins with the time: "20261121T213000Z-9c41d2e8a7b60f13"
	At       time.Time
	Run      string // with Customer, Tasks and Try: what the message asked for
	Customer sam.CustomerID
	Tasks    []string
	Try      int
	Foreign  bool // not a message of this program; the four above are empty

	Class                       sam.Class // why the last delivery failed, and who can end it
	Code, Plain, Fix, RequestID string

	Body string // ours whole; the beginning of a foreign one, escaped
	Size int    // of the message, in bytes

	ReplayedAt   time.Time // zero while nobody replayed it
	ReplayedBy   string    // who did
	ReplayedInto string    // the run that takes care of it
}

// Replayed reports whether somebody took care of it.
func (p Poisoned) Replayed() bool { return !p.ReplayedAt.IsZero() }

// PutPoisoned keeps a given-up message once, however often it is reported: the
// first report of a body gives the record its id and time, later ones change
// nothing. It returns the record as it is kept. At is stamped when zero.
func (l *Ledger) PutPoisoned(ctx context.Context, p Poisoned, body []byte) (Poisoned, error) {
	if p.At.IsZero() {
		p.At = l.now()
	}
	p.At, p.ReplayedAt, p.Size = utc(p.At), utc(p.ReplayedAt), len(body)
	kept, err := l.putPoisoned(ctx, p, body)
	if err != nil {
		return Poisoned{}, fmt.Errorf("keep a given-up message: %w", err)
	}
	return kept, nil
}

// poisonName is the row that ties a body to its record.
type poisonName struct{ ID string }

func (l *Ledger) putPoisoned(ctx context.Context, p Poisoned, body []byte) (Poisoned, error) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:8])
	p.ID = p.At.Format(poisonTime) + "-" + hash
	named, err := rows.Encode(poisonBodyKey(hash), poisonName{p.ID})
	if err != nil {
		return Poisoned{}, err
	}
	if err := l.runs.Insert(ctx, named); errors.Is(err, rows.ErrExists) {
		name, _, err := get[poisonName](ctx, l.runs, named.Key)
		if err != nil {
			return Poisoned{}, err
		}
		p.ID = name.ID
	} else if err != nil {
		return Poisoned{}, err
	}
	r, err := rows.Encode(poisonKey(p.ID), p)
	if err != nil {
		return Poisoned{}, err
	}
	if err := l.runs.Insert(ctx, r); err != nil && !errors.Is(err, rows.ErrExists) {
		return Poisoned{}, err
	}
	return l.Poisoned(ctx, p.ID)
}

// Poisoned reads one given-up message, or ErrAbsent.
func (l *Ledger) Poisoned(ctx context.Context, id string) (Poisoned, error) {
	p, _, err := get[Poisoned](ctx, l.runs, poisonKey(id))
	if err != nil {
		return Poisoned{}, fmt.Errorf("given-up message %.80q: %w", id, err)
	}
	return p, nil
}

// PoisonedList yields the given-up messages newest first, page by page, and
// ends after the first error.
func (l *Ledger) PoisonedList(ctx context.Context) iter.Seq2[Poisoned, error] {
	from, to := rows.Under(poisonJob)
	return records[Poisoned](ctx, l.runs, rows.Query{Partition: partitionPoison, From: from, To: to})
}

// MarkReplayed writes down who took care of a given-up message, when, and in
// which run. Of several callers one gets true; a record that is marked stays as
// it is. ErrAbsent when there is none.
func (l *Ledger) MarkReplayed(ctx context.Context, id string, at time.Time, by, into string) (bool, error) {
	p, etag, err := get[Poisoned](ctx, l.runs, poisonKey(id))
	if err != nil {
		return false, fmt.Errorf("mark given-up message %.80q: %w", id, err)
	}
	if p.Replayed() {
		return false, nil
	}
	p.ReplayedAt, p.ReplayedBy, p.ReplayedInto = utc(at), by, into
	r, err := rows.Encode(poisonKey(id), p)
	if err != nil {
		return false, fmt.Errorf("mark given-up message %.80q: %w", id, err)
	}
	r.ETag = etag
	err = l.runs.Replace(ctx, r)
	if errors.Is(err, rows.ErrChanged) {
		return false, nil // marking and forgetting are the only changes
	}
	if err != nil {
		return false, fmt.Errorf("mark given-up message %.80q: %w", id, err)
	}
	return true, nil
}

// ForgetPoisoned removes messages given up before the given time, at most limit
// of them (0: all), and returns how many are gone. It may be repeated.
func (l *Ledger) ForgetPoisoned(ctx context.Context, before time.Time, limit int) (int, error) {
	// Newest first: what is older than before lies behind its own key.
	q := rows.Query{Partition: partitionPoison, From: poisonKey(before.UTC().Format(poisonTime)).Row, Limit: limit}
	_, q.To = rows.Under(poisonJob)
	old, err := collect(records[Poisoned](ctx, l.runs, q))
	if err != nil {
		return 0, fmt.Errorf("old given-up messages: %w", err)
	}
	for n, p := range old {
		hash := p.ID[len(poisonTime)+1:]
		for _, key := range []rows.Key{poisonBodyKey(hash), poisonKey(p.ID)} {
			if err := l.runs.Delete(ctx, key); err != nil {
				return n, fmt.Errorf("forget given-up message %s: %w", p.ID, err)
			}
		}
	}
	return len(old), nil
}

func poisonKey(id string) rows.Key {
	return rows.Key{Partition: partitionPoison, Row: poisonJob + rows.Separator + rows.Inverted(id)}
}

func poisonBodyKey(hash string) rows.Key {
	return rows.Key{Partition: partitionPoison, Row: poisonBody + rows.Separator + hash}
}
