package ledger

import (
	"context"
	"fmt"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
)

// Unannounced lists events that were not marked as announced, at most limit of
// them; 0 means all. It reads the whole table, as OpenFindings does.
func (l *Ledger) Unannounced(ctx context.Context, limit int) ([]Event, error) {
	var events []Event
	q := rows.Query{Column: columnRowType, Value: typeEvent, Limit: limit}
	for e, err := range records[eventRow](ctx, l.findings, q) {
		if err != nil {
			return nil, fmt.Errorf("unannounced events: %w", err)
		}
		events = append(events, e.event())
	}
	return events, nil
}

// MarkAnnounced forgets events that were sent. Doing it again is no error.
func (l *Ledger) MarkAnnounced(ctx context.Context, events []Event) error {
	byPartition := map[string][]rows.Action{}
	seen := make(map[rows.Key]bool, len(events))
	for _, e := range events {
		key := eventKey(e)
		if !seen[key] { // a transaction may name a row once
			seen[key] = true
			byPartition[key.Partition] = append(byPartition[key.Partition], rows.Action{Kind: rows.Delete, Row: rows.Row{Key: key}})
		}
	}
	for _, actions := range byPartition {
		for len(actions) > 0 {
			n := rows.Fit(actions)
			if err := forget(ctx, l.findings, actions[:n]); err != nil {
				return fmt.Errorf("mark %d events as announced: %w", len(events), err)
			}
			actions = actions[n:]
		}
	}
	return nil
}
