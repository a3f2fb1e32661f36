package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// FindingRow is a finding over time.
type FindingRow struct {
	sam.Finding
	ID       string // see FindingID
	Open     bool
	OpenedAt time.Time // the observation that opened it
	ClosedAt time.Time // the observation that no longer saw it; zero while open
	SeenAt   time.Time // the last observation that saw it
	Run      string    // the run of the last change or sighting
}

// The types of event.
const (
	EventOpened = "opened"
	EventClosed = "closed"
)

// Event is the opening or closing of a finding, to be announced at least once.
type Event struct {
	// Key is "<finding id>:<opened|closed>:<opened-at in Unix seconds>": the
	// same whenever the event is sent again, for receivers to drop repeats.
	Key     string
	Type    string // EventOpened or EventClosed
	Finding FindingRow
	At      time.Time // the observation that opened or closed it
}

// FindingID is a finding's name for the outside: 32 hex digits, the same for
// the same customer, task and key at all times.
func FindingID(customer sam.CustomerID, task, key string) string {
	sum := sha256.Sum256([]byte(string(customer) + "\x00" + task + "\x00" + key))
	return hex.EncodeToString(sum[:16])
}

// newEvent makes the event of a finding.
func newEvent(kind string, f FindingRow, at time.Time) Event {
	return Event{
		Key:     fmt.Sprintf("%s:%s:%d", f.ID, kind, f.OpenedAt.Unix()),
		Type:    kind,
		Finding: f,
		At:      at,
	}
}

// The types of row in the table of findings, in the column RowType.
const (
	columnRowType = "RowType"
	typeFinding   = "finding"
	typeEvent     = "event"
	typeMark      = "mark"
)

// findingRow, eventRow and markRow are the rows of the table.
type (
	findingRow struct {
		RowType string
		FindingRow
	}
	eventRow struct {
		RowType   string
		EventType string
		EventAt   time.Time
		FindingRow
	}
	// markRow is when the set of one customer and task was last observed.
	markRow struct {
		RowType  string
		Customer sam.CustomerID
		Task     string
		SeenAt   time.Time
		Run      string
	}
)

func (e eventRow) event() Event { return newEvent(e.EventType, e.FindingRow, e.EventAt) }

func markKey(customer sam.CustomerID, task string) rows.Key {
	return rows.Key{Partition: rows.Part(string(customer)), Row: rows.Join(task, typeMark)}
}

func findingKey(f FindingRow) rows.Key {
	return rows.Key{Partition: rows.Part(string(f.Customer)), Row: rows.Join(f.Task, typeFinding, f.ID)}
}

// eventKey makes events of one customer and task lie in the order of time.
func eventKey(e Event) rows.Key {
	return rows.Key{
		Partition: rows.Part(string(e.Finding.Customer)),
		Row:       rows.Join(e.Finding.Task, typeEvent, fmt.Sprintf("%019d", e.At.UnixNano()), e.Key),
	}
}

// OpenFindings lists what is wrong now, by customer and task. It reads the
// whole table of findings, which holds no more than what is open, what is not
// announced and one mark per customer and task.
func (l *Ledger) OpenFindings(ctx context.Context) ([]FindingRow, error) {
	all, err := collect(records[FindingRow](ctx, l.findings, rows.Query{Column: columnRowType, Value: typeFinding}))
	if err != nil {
		return nil, fmt.Errorf("open findings: %w", err)
	}
	return all, nil
}
