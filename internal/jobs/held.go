package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/serving"
)

// isHeld reports whether an open outcome waits for its connection: it was held
// at the door, or met the connection's problem itself.
func isHeld(o ledger.Outcome) bool {
	return o.State == sam.Retry && (o.Code == codeHeld || stops(o.Class, o.Code, true))
}

// footing says what keeps each customer's connection from working.
type footing struct {
	conns   map[sam.CustomerID]sam.ConnectionID
	benches []serving.Bench
	own     sam.ConnectionID // of a customer that the ledger does not know
	now     time.Time
}

// footing reads what the ledger knows now about customers and connections.
func (j *Jobs) footing(ctx context.Context, run ledger.Run) (footing, error) {
	conns, err := j.servedBy(ctx)
	if err != nil {
		return footing{}, err
	}
	benches, err := j.benches(ctx, 0)
	return footing{conns, benches, run.Connection, j.Now()}, err
}

// problem is what the customer's connection stands still for, or nil. Where a
// standby serves, nothing does.
func (s footing) problem(customer sam.CustomerID) *ledger.ConnectionProblem {
	id, known := s.conns[customer]
	if !known {
		id = s.own
	}
	bench, known := serving.Of(s.benches, id)
	if !known {
		return nil
	}
	c, fit := bench.Serving(s.now)
	if !fit {
		c, _ = rowOf(s.benches, id)
	}
	switch {
	case !standsStill(c):
		return nil
	case c.Problem == nil:
		return &ledger.ConnectionProblem{
			Class: sam.ClassReconsent, Code: codeHeld,
			Plain: "The sign-in of the connection is refused.", Fix: "Sign in again on the consent page.",
		}
	}
	return c.Problem
}

// wake sends held jobs anew once their connection works again, so that nobody
// waits out a gate behind a cured connection; the messages that are still
// hidden do no harm. It keeps the time for which the run stood still, and when
// nobody waits any longer, moves the deadline by as much: by RunDeadline at the
// most, however often that happens.
func (j *Jobs) wake(ctx context.Context, run ledger.Run, pending []ledger.Outcome, s *Supervision) (ledger.Run, error) {
	waiting, free, err := j.sortHeld(ctx, run, pending)
	if err != nil || !waiting && len(free) == 0 && run.HeldSince.IsZero() {
		return run, err
	}
	if len(free) > 0 {
		n, err := j.sendAnew(ctx, run, free)
		s.Woken += n
		if err != nil {
			return run, err
		}
		j.Log.InfoContext(ctx, "held jobs sent anew, their connection works again", inRun(run.ID), slog.Int("messages", n))
	}
	run, _, err = j.Ledger.ChangeRun(ctx, run.ID, func(r *ledger.Run) bool {
		return r.State == ledger.RunOpen && standStill(r, waiting, len(free) > 0, j.Now(), j.RunDeadline)
	})
	return run, err
}

// sortHeld tells whether held outcomes still wait, and lists those that need
// not and were not woken yet.
func (j *Jobs) sortHeld(ctx context.Context, run ledger.Run, pending []ledger.Outcome) (waiting bool, free []ledger.Outcome, err error) {
	var now footing
	for _, o := range pending {
		if !isHeld(o) {
			continue
		}
		if now.now.IsZero() {
			if now, err = j.footing(ctx, run); err != nil {
				return false, nil, err
			}
		}
		switch {
		case now.problem(o.Customer) != nil:
			waiting = true
		case o.UpdatedAt.After(run.WokenAt):
			free = append(free, o)
		}
	}
	return waiting, free, nil
}

// standStill keeps a run's account of waiting and reports whether it changed.
// most is by how much its deadline may be moved in all.
func standStill(r *ledger.Run, waiting, woken bool, now time.Time, most time.Duration) bool {
	was := *r
	if woken {
		r.WokenAt = now
	}
	switch {
	case waiting && r.HeldSince.IsZero():
		r.HeldSince = now
	case !waiting && !r.HeldSince.IsZero():
		longer := max(0, min(now.Sub(r.HeldSince), most-r.Extended))
		r.Extended += longer
		r.Deadline = r.Deadline.Add(longer)
		r.HeldSince = time.Time{}
	}
	return r.WokenAt != was.WokenAt || r.HeldSince != was.HeldSince
}
