package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/sim/storage"
	"github.com/samkeeper/samkeeper/sim/world"
)

// sweep is one run over all customers and what it has to find.
type sweep struct {
	n    int
	run  string
	want world.Expected
}

const (
	superviseEvery = 1500 * time.Millisecond
	sayEvery       = 10 * time.Second
	calmBelow      = 0.04 // of the outcomes are open when the storm ends
	restStep       = 20 * time.Second
	restPause      = 300 * time.Millisecond
	restSupervise  = 8 * time.Second
)

// sweep changes the world, opens a run in the storm, lets it get on, and drives
// it to rest in good weather.
func (s *session) sweep(ctx context.Context, n int) error {
	w := &sweep{n: n}
	s.sweeps = append(s.sweeps, w)
	change(s.world.Sim.World, s.Seed, n)
	if err := s.store.putForeign(ctx, n); err != nil {
		return err
	}
	if err := setWeather(true, s.world.Account, s.world.Sim); err != nil {
		return err
	}
	s.storm.begin(ctx)
	err := s.open(ctx, w)
	if err == nil {
		s.say("sweep %d: run %s is open", n, w.run)
		err = s.through(ctx, w)
	}
	s.storm.end()
	if err != nil {
		return err
	}
	if err := setWeather(false, s.world.Account, s.world.Sim); err != nil {
		return err
	}
	s.lapse()
	if err := s.rest(ctx, w); err != nil {
		return err
	}
	w.want = s.world.Sim.World.Expected(tasks, false)
	return nil
}

// open fires the timer until a new run is open: a host that is killed in the
// middle leaves one half written, which the next completes.
func (s *session) open(ctx context.Context, w *sweep) error {
	var last error
	for ctx.Err() == nil {
		last = s.fire(ctx, functionOpen)
		run, found, err := s.store.newestRun(ctx)
		if err == nil && found && run.ID != s.before(w) && run.State != "writing" {
			w.run = run.ID
			return nil
		}
	}
	return fmt.Errorf("no run was opened: %w", joined(context.Cause(ctx), last))
}

// before is the run of the sweep before.
func (s *session) before(w *sweep) string {
	if w.n == 1 {
		return ""
	}
	return s.sweeps[w.n-2].run
}

// fire runs a timer function on one of the hosts. A killed one holds its lock
// for a minute, which is over at once here.
func (s *session) fire(ctx context.Context, function string) error {
	if err := s.fleet.health(); err != nil {
		return err
	}
	err := s.fleet.invoke(ctx, s.dice.IntN(s.Hosts), function)
	if err != nil {
		s.report.TimersKilled++
		s.lapse()
	}
	return err
}

// through supervises in the storm until nearly all outcomes are final, or until
// it is this sweep's time to end.
func (s *session) through(ctx context.Context, w *sweep) error {
	left := s.Limit - time.Since(s.began)
	ends := time.Now().Add(min(left/time.Duration(s.Sweeps-w.n+1)*45/100, s.Storm))
	var said time.Time
	for time.Now().Before(ends) {
		_ = s.fire(ctx, functionSupervise) // in a storm it may fail
		if err := pause(ctx, superviseEvery); err != nil {
			return err
		}
		count, err := s.store.count(ctx, w.run)
		if err != nil {
			return err
		}
		if time.Since(said) > sayEvery {
			said = time.Now()
			s.tell(w, count)
		}
		if count.all > 0 && float64(count.open) < calmBelow*float64(count.all) {
			break
		}
	}
	return nil
}

func (s *session) tell(w *sweep, count counts) {
	m := s.world.Account.Mishaps()
	s.say("sweep %d: %d of %d outcomes final; %d kills, %d hosts lost; messages: %d lost, %d doubled, %d late; storage: %d refused, %d unanswered",
		w.n, count.all-count.open, count.all, s.fleet.killed.Load(), s.fleet.crashed.Load(), m.Dropped, m.Duplicated, m.Delayed, m.Refused, m.Lost)
}

// rest supervises in good weather until the run is closed. When all hosts are
// idle, time passes for the queues: what is hidden comes up.
func (s *session) rest(ctx context.Context, w *sweep) error {
	s.say("sweep %d: good weather; driving to rest", w.n)
	var said, supervised time.Time
	for {
		if err := s.fleet.idle(ctx); err != nil {
			return err
		}
		count, err := s.store.count(ctx, w.run)
		if err != nil {
			return err
		}
		if time.Since(said) > sayEvery {
			said = time.Now()
			s.tell(w, count)
		}
		if count.open == 0 || time.Since(supervised) > restSupervise {
			supervised = time.Now()
			closed, err := s.closes(ctx, w)
			if err != nil {
				return err
			}
			if closed {
				s.say("sweep %d: the run is closed", w.n)
				return s.settle(ctx)
			}
		}
		s.world.Account.Advance(storage.Queue, restStep)
		if err := pause(ctx, restPause); err != nil {
			return err
		}
	}
}

// closes supervises and reports whether the sweep's run is closed then.
func (s *session) closes(ctx context.Context, w *sweep) (bool, error) {
	if err := s.fire(ctx, functionSupervise); err != nil {
		return false, fmt.Errorf("supervising in good weather: %w", err)
	}
	run, found, err := s.store.newestRun(ctx)
	if err == nil && found && run.ID != w.run {
		err = errors.New("another run was opened meanwhile: " + run.ID)
	}
	return err == nil && found && run.State == "closed", err
}

// settle lets what is left in the queues come up and be done with: messages
// that were delayed, and those of lost hosts.
func (s *session) settle(ctx context.Context) error {
	for range 3 {
		s.world.Account.Advance(storage.Queue, 2*restStep)
		if err := s.fleet.idle(ctx); err != nil {
			return err
		}
	}
	return s.fire(ctx, functionSupervise) // announces what is not announced
}
