package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// lost picks the outcomes that nobody seems to be working on: neither the run's
// messages were sent, nor the outcome touched, nor its retry due, within the
// last `after`. A job that is merely slow gets a second message at worst, and
// the rows make that harmless.
func lost(run ledger.Run, pending []ledger.Outcome, now time.Time, after time.Duration) []ledger.Outcome {
	sent := run.EnqueuedAt
	if sent.IsZero() {
		sent = run.Opened
	}
	var out []ledger.Outcome
	for _, o := range pending {
		last := sent
		for _, t := range []time.Time{o.UpdatedAt, o.RetryAt} {
			if t.After(last) {
				last = t
			}
		}
		if now.Sub(last) >= after {
			out = append(out, o)
		}
	}
	return out
}

// requeue sends one message for each customer with lost outcomes, for these
// only, and notes the time, so that the next ones are not sent at once.
func (j *Jobs) requeue(ctx context.Context, run ledger.Run, sums ledger.Sums, lost []ledger.Outcome, s *Supervision) error {
	if len(lost) > 0 {
		n, err := j.sendAnew(ctx, run, lost)
		s.Requeued += n
		if err != nil {
			return err
		}
		j.Log.WarnContext(ctx, "lost jobs sent anew", inRun(run.ID), slog.Int("outcomes", len(lost)))
	}
	_, _, err := j.Ledger.ChangeRun(ctx, run.ID, func(r *ledger.Run) bool {
		if r.State != ledger.RunOpen {
			return false
		}
		r.Sums = sums
		if len(lost) > 0 {
			r.EnqueuedAt = j.Now()
		}
		return true
	})
	return err
}

// sendAnew sends one message for each customer of the outcomes and reports how
// many went out. A customer that the ledger does not know, in a run of several
// connections, cannot be visited; the deadline settles it.
func (j *Jobs) sendAnew(ctx context.Context, run ledger.Run, outcomes []ledger.Outcome) (int, error) {
	conns, err := j.servedBy(ctx)
	if err != nil {
		return 0, err
	}
	sent := 0
	for _, m := range messagesFor(run, outcomes, conns) {
		if m.Connection == "" {
			j.Log.WarnContext(ctx, "customer without a connection, not sent", inRun(run.ID), atCustomer(m.Customer))
			continue
		}
		if err := j.send(ctx, m, 0); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// servedBy says which connection serves each customer.
func (j *Jobs) servedBy(ctx context.Context) (map[sam.CustomerID]sam.ConnectionID, error) {
	customers, err := j.Ledger.Customers(ctx)
	if err != nil {
		return nil, err
	}
	by := make(map[sam.CustomerID]sam.ConnectionID, len(customers))
	for _, c := range customers {
		by[c.ID] = c.Connection
	}
	return by, nil
}

// messagesFor groups outcomes by customer, in order. The try is one more than
// the most that any of them has used, so that no row takes the message for an
// old one.
func messagesFor(run ledger.Run, outcomes []ledger.Outcome, conns map[sam.CustomerID]sam.ConnectionID) []Message {
	var messages []Message
	at := map[sam.CustomerID]int{}
	for _, o := range outcomes {
		conn, known := conns[o.Customer]
		if !known {
			conn = run.Connection
		}
		i, begun := at[o.Customer]
		if !begun {
			i = len(messages)
			at[o.Customer] = i
			messages = append(messages, Message{Run: run.ID, Customer: o.Customer, Connection: conn, Try: 1})
		}
		messages[i].Tasks = append(messages[i].Tasks, o.Task)
		messages[i].Try = max(messages[i].Try, o.Try+1)
	}
	return messages
}
