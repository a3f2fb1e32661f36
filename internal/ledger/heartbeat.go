package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

// partitionHeartbeats holds the heartbeats, beside the runs: they are few, and
// always wanted together.
const partitionHeartbeats = "heartbeat"

// heartbeatRow is the last time something happened.
type heartbeatRow struct {
	Name string
	At   time.Time
}

// Beat writes down that each of the named things happened at the given time,
// over what was known about it: last writer wins. A name is up to its writer,
// such as that of a function; it is at most 200 characters of letters, digits,
// "_" and "-".
func (l *Ledger) Beat(ctx context.Context, at time.Time, names ...string) error {
	for _, name := range names {
		row := heartbeatRow{Name: name, At: utc(at)}
		if err := put(ctx, l.runs, rows.Key{Partition: partitionHeartbeats, Row: rows.Part(name)}, row); err != nil {
			return fmt.Errorf("heartbeat of %s: %w", name, err)
		}
	}
	return nil
}

// Heartbeats reads when each named thing last happened; what never did is not
// in the map.
func (l *Ledger) Heartbeats(ctx context.Context) (map[string]time.Time, error) {
	all, err := collect(records[heartbeatRow](ctx, l.runs, rows.Query{Partition: partitionHeartbeats}))
	if err != nil {
		return nil, fmt.Errorf("heartbeats: %w", err)
	}
	beats := make(map[string]time.Time, len(all))
	for _, row := range all {
		beats[row.Name] = row.At
	}
	return beats, nil
}
