package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/throttle"
)

// deferral is a task that goes back to the queue.
type deferral struct {
	task string
	decision
}

// postpone notes the task for later. A connection that cannot work closes its
// gate for everyone and takes the rest of this job along.
func (b *job) postpone(ctx context.Context, name string, d decision) error {
	b.later = append(b.later, deferral{name, d})
	switch d.verb {
	case hold:
		// The row first: behind a closed gate it tells whether the connection
		// was proved again, see standsStill.
		if err := b.raise(ctx, b.m.Connection, d.problem); err != nil {
			return err
		}
		if err := b.Gate.Close(ctx, connectionScope(b.m.Connection), b.Now().Add(d.delay)); err != nil {
			return fmt.Errorf("close the gate of connection %s: %w", b.m.Connection, err)
		}
		b.holdAll(held(b.m.Connection, d.delay))
	case settle, again, wait:
		if b.Tasks.heals(name) {
			b.holdAll(d) // the same message takes them on, so that they come back together
		}
	}
	return nil
}

// handOn sends what was deferred as new messages: one for the tasks that used
// up a try, one for those that did not. Message first, row second: a row in
// state retry proves that its message was sent, which is what lets a repeated
// delivery of this message leave the task alone.
func (b *job) handOn(ctx context.Context) error {
	var counted, uncounted []deferral
	for _, d := range b.later {
		if d.verb == again {
			counted = append(counted, d)
		} else {
			uncounted = append(uncounted, d)
		}
	}
	if err := b.sendOn(ctx, counted, b.m.Try+1); err != nil {
		return err
	}
	return b.sendOn(ctx, uncounted, b.m.Try)
}

// sendOn sends one message for the tasks, hidden for the longest of their
// delays, and records them as waiting. The row's Try counts the tries used up.
func (b *job) sendOn(ctx context.Context, tasks []deferral, try int) error {
	if len(tasks) == 0 {
		return nil
	}
	next := Message{Run: b.m.Run, Customer: b.m.Customer, Connection: b.m.Connection, Try: try}
	var longest time.Duration
	for _, d := range tasks {
		next.Tasks = append(next.Tasks, d.task)
		longest = max(longest, d.delay)
	}
	longest = b.arrival(&next, min(longest, longestDelay), try)
	if err := b.send(ctx, next, longest); err != nil {
		return err
	}
	for _, d := range tasks {
		o := b.outcome(d.task, d.decision)
		o.Try, o.RetryAt = try-1, b.Now().Add(longest)
		if err := b.Ledger.PutOutcome(ctx, o); err != nil {
			return err
		}
	}
	b.Log.InfoContext(ctx, "tasks to be tried again", inRun(b.m.Run), atCustomer(b.m.Customer),
		slog.Any("tasks", next.Tasks), slog.Int("try", try), slog.String("delay", longest.String()))
	return nil
}

// arrival is when a message is to be seen again. Tasks that wait for their turn
// with a service come back with their places, and when these are due: they are
// apart already. Anything else gets jitter.
func (b *job) arrival(next *Message, longest time.Duration, try int) time.Duration {
	places, last := b.calls.Placed()
	if try != b.m.Try || len(places) == 0 {
		return Jitter(longest, b.Random())
	}
	next.Places = places
	if due := last.Sub(b.Now()); due+throttle.Grace >= longest {
		return min(max(due, 0), longestDelay)
	}
	return Jitter(longest, b.Random())
}

// send puts a job message on the queue.
func (j *Jobs) send(ctx context.Context, m Message, delay time.Duration) error {
	body, err := m.Encode()
	if err != nil {
		return err
	}
	if err := j.Queue.Send(ctx, QueueCustomerJobs, body, delay); err != nil {
		return fmt.Errorf("queue the job of customer %s: %w", m.Customer, err)
	}
	return nil
}
