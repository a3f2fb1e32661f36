package ledger

import (
	"slices"
	"strings"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// observation is what one task saw at one customer.
type observation struct {
	run      string
	customer sam.CustomerID
	task     string
	at       time.Time
	findings []sam.Finding
}

// findingSet is what the table holds of one customer and task.
type findingSet struct {
	mark     markRow
	markETag string                // "" when the set was never observed
	open     map[string]FindingRow // by finding id
	events   []Event               // not announced yet, oldest first
}

func newFindingSet() findingSet { return findingSet{open: map[string]FindingRow{}} }

// add takes in one row.
func (s *findingSet) add(e eventRow, etag string) {
	switch e.RowType {
	case typeMark:
		s.markETag = etag
		s.mark = markRow{e.RowType, e.Customer, e.Task, e.SeenAt, e.Run}
	case typeFinding:
		s.open[e.ID] = e.FindingRow
	case typeEvent:
		s.events = append(s.events, e.event())
	}
}

// change is what happens to one finding, and the event that tells of it; a
// mere refresh has none.
type change struct {
	finding FindingRow
	event   *Event
}

// diff decides what the observation changes. It is not due when the set was
// observed later, or at the same time with nothing left to change.
func diff(set findingSet, o observation) (changes []change, due bool) {
	if o.at.Before(set.mark.SeenAt) {
		return nil, false
	}
	seen := map[string]bool{}
	for _, f := range o.findings {
		f.Customer, f.Task, f.Since = o.customer, o.task, utc(f.Since)
		id := FindingID(o.customer, o.task, f.Key)
		if seen[id] { // the first of equal keys stands for all
			continue
		}
		seen[id] = true
		if c, ok := sighted(set, o, id, f); ok {
			changes = append(changes, c)
		}
	}
	changes = append(changes, closed(set, o, seen)...)
	return changes, len(changes) > 0 || set.mark.SeenAt.Before(o.at) || set.markETag == ""
}

// sighted opens a finding or refreshes an open one; false when this very
// observation has done so before.
func sighted(set findingSet, o observation, id string, f sam.Finding) (change, bool) {
	row := FindingRow{Finding: f, ID: id, Open: true, OpenedAt: o.at, SeenAt: o.at, Run: o.run}
	old, known := set.open[id]
	if !known {
		e := newEvent(EventOpened, row, o.at)
		return change{row, &e}, true
	}
	row.OpenedAt = old.OpenedAt
	return change{finding: row}, old.SeenAt.Before(o.at)
}

// closed ends the open findings that were not seen, in the order of their ids.
func closed(set findingSet, o observation, seen map[string]bool) []change {
	var changes []change
	for id, f := range set.open {
		if seen[id] {
			continue
		}
		f.Open, f.ClosedAt, f.Run = false, o.at, o.run
		e := newEvent(EventClosed, f, o.at)
		changes = append(changes, change{f, &e})
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.finding.ID, b.finding.ID) })
	return changes
}

// actions are the change in the table: open findings are rows, closed ones
// live on in their event until that is announced.
func (c change) actions() ([]rows.Action, error) {
	kind := rows.Upsert
	if !c.finding.Open {
		kind = rows.Delete
	}
	r, err := rows.Encode(findingKey(c.finding), findingRow{typeFinding, c.finding})
	if err != nil || c.event == nil {
		return []rows.Action{{Kind: kind, Row: r}}, err
	}
	e, err := rows.Encode(eventKey(*c.event), eventRow{typeEvent, c.event.Type, c.event.At, c.event.Finding})
	return []rows.Action{{Kind: kind, Row: r}, {Kind: rows.Upsert, Row: e}}, err
}

// markAction moves the mark of the set to the observation.
func (s findingSet) markAction(o observation) (rows.Action, error) {
	r, err := rows.Encode(markKey(o.customer, o.task), markRow{typeMark, o.customer, o.task, o.at, o.run})
	if s.markETag == "" {
		return rows.Action{Kind: rows.Insert, Row: r}, err
	}
	r.ETag = s.markETag
	return rows.Action{Kind: rows.Replace, Row: r}, err
}
