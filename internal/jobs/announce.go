package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// Event is what the queue "findings" carries: something went wrong at a
// customer, or no longer is. It is sent at least once; Key is the same each
// time, for the receiver to drop repeats.
type Event struct {
	V        int            `json:"v"`
	Key      string         `json:"key"`
	Type     string         `json:"type"` // "opened" or "closed"
	At       time.Time      `json:"at"`
	Finding  string         `json:"finding"` // stable id
	Customer sam.CustomerID `json:"customer"`
	Task     string         `json:"task"`
	Kind     string         `json:"kind"`
	Subject  string         `json:"subject"` // the finding's key
	Severity sam.Severity   `json:"severity"`
	Title    string         `json:"title"`
	Detail   string         `json:"detail,omitempty"`
	Resource string         `json:"resource,omitempty"`
	Since    *time.Time     `json:"since,omitempty"` // when it began upstream
	Due      *time.Time     `json:"due,omitempty"`   // when it will come true, of a warning
	Fix      string         `json:"fix,omitempty"`
	Owner    sam.Owner      `json:"owner,omitempty"` // whose turn it is, with Fix
	Link     string         `json:"link,omitempty"`
	OpenedAt time.Time      `json:"opened_at"`
	Run      string         `json:"run"`
}

// maxText bounds each text of an event, so that it fits into a message.
const maxText = 4 << 10

// announceBatch is how many events are read and marked at once; reading looks
// through the whole table of findings, so it is done seldom and in bulk.
const announceBatch = 1000

// Announce sends the events that were never marked as sent and reports how
// many went out.
func (j *Jobs) Announce(ctx context.Context) (int, error) {
	total := 0
	for {
		events, err := j.Ledger.Unannounced(ctx, announceBatch)
		if err != nil {
			return total, err
		}
		if len(events) == 0 {
			return total, nil
		}
		n, err := j.announce(ctx, events)
		total += n
		if err != nil {
			return total, err
		}
	}
}

// announce sends events, a few at a time, and marks those that were sent, also
// when others failed.
func (j *Jobs) announce(ctx context.Context, events []ledger.Event) (int, error) {
	failed := make([]error, len(events))
	var group errgroup.Group
	group.SetLimit(senders)
	for i, e := range events {
		group.Go(func() error {
			failed[i] = j.sendEvent(ctx, e)
			return nil
		})
	}
	_ = group.Wait() // every error is in failed
	var sent []ledger.Event
	for i, e := range events {
		if failed[i] == nil {
			sent = append(sent, e)
		}
	}
	if len(sent) > 0 {
		if err := j.Ledger.MarkAnnounced(ctx, sent); err != nil {
			return len(sent), fmt.Errorf("mark events as announced: %w", err)
		}
	}
	if n := len(events) - len(sent); n > 0 {
		first := slices.IndexFunc(failed, func(err error) bool { return err != nil })
		return len(sent), fmt.Errorf("%d of %d events not announced, first: %w", n, len(events), failed[first])
	}
	return len(sent), nil
}

func (j *Jobs) sendEvent(ctx context.Context, e ledger.Event) error {
	body, err := json.Marshal(newEvent(e))
	if err != nil {
		return fmt.Errorf("encode event %s: %w", e.Key, err)
	}
	return j.Queue.Send(ctx, QueueFindings, body, 0)
}

func newEvent(e ledger.Event) Event {
	f := e.Finding
	out := Event{
		V: 1, Key: e.Key, Type: e.Type, At: e.At, Finding: f.ID,
		Customer: f.Customer, Task: f.Task, Kind: f.Kind, Subject: f.Key, Severity: f.Severity,
		Title: clip(f.Title), Detail: clip(f.Detail), Resource: clip(f.Resource),
		OpenedAt: f.OpenedAt, Run: f.Run,
	}
	out.Fix, out.Owner, out.Link = clip(f.Fix), f.Owner, clip(f.Link)
	if !f.Since.IsZero() {
		out.Since = &f.Since
	}
	if !f.Due.IsZero() {
		out.Due = &f.Due
	}
	return out
}

// clip bounds a text that came from outside.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}
