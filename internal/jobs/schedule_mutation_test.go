package jobs_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// careless is a table without versions: the last writer wins.
type careless struct {
	rows.Table
	only string // of the tables; the others are careful
	name string
}

func (c careless) Replace(ctx context.Context, r rows.Row) error {
	if c.name == c.only {
		return c.Upsert(ctx, r)
	}
	return c.Table.Replace(ctx, r)
}

func (c careless) Apply(ctx context.Context, actions []rows.Action) error {
	if c.name == c.only {
		actions = slices.Clone(actions)
		for i := range actions {
			if actions[i].Kind == rows.Replace || actions[i].Kind == rows.Insert {
				actions[i].Kind = rows.Upsert
			}
		}
	}
	return c.Table.Apply(ctx, actions)
}

// without makes a table forget versions.
func without(only string) func(*process, *jobs.Deps) {
	return func(p *process, d *jobs.Deps) {
		s := p.stage
		_ = s.ledger(nil) // the tables are there
		d.Ledger = ledger.Over(func(name string) rows.Table {
			return careless{table{s.tables[name], p, name}, only, name}
		}, s.now)
	}
}

// wrong is a ledger that does one thing wrongly; what is nil is done right.
type wrong struct {
	jobs.Ledger
	reconcile func(ctx context.Context, run string, c sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]ledger.Event, error)
	put       func(context.Context, ledger.Outcome) error
	expect    func(context.Context, []ledger.Outcome) error
}

func (w wrong) Reconcile(ctx context.Context, run string, c sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]ledger.Event, error) {
	if w.reconcile == nil {
		return w.Ledger.Reconcile(ctx, run, c, task, now, at)
	}
	return w.reconcile(ctx, run, c, task, now, at)
}

func (w wrong) PutOutcome(ctx context.Context, o ledger.Outcome) error {
	if w.put == nil {
		return w.Ledger.PutOutcome(ctx, o)
	}
	return w.put(ctx, o)
}

func (w wrong) Expect(ctx context.Context, all []ledger.Outcome) error {
	if w.expect == nil {
		return w.Ledger.Expect(ctx, all)
	}
	return w.expect(ctx, all)
}

// entering are the schedules in which this actor comes in before each step.
func entering(tb testing.TB, kind string) []schedule {
	tb.Helper()
	return slices.DeleteFunc(undisturbed(tb), func(s schedule) bool { return s.second != kind })
}

// dying are the schedules in which A dies after each step.
func dying(tb testing.TB) []schedule {
	tb.Helper()
	var all []schedule
	for step := range (schedule{}).play(tb, nil).steps {
		all = append(all, schedule{mishaps: []accident{{step + 1, diesAfter}}})
	}
	return all
}

// halfway are those in which an actor comes in and pauses.
func halfway(kind string) func(testing.TB) []schedule {
	return func(tb testing.TB) []schedule {
		tb.Helper()
		var all []schedule
		for _, s := range entering(tb, kind) {
			for pause := 1; pause < 10; pause++ {
				s.pause = pause
				all = append(all, s)
			}
		}
		return all
	}
}

// losing are the schedules in which a job's message is lost.
func losing(tb testing.TB) []schedule {
	tb.Helper()
	var all []schedule
	for i, step := range (schedule{}).play(tb, nil).steps {
		if step == "send "+jobs.QueueCustomerJobs {
			all = append(all, schedule{mishaps: []accident{{i + 1, messageLost}}})
		}
	}
	return all
}

// The checks of the schedules can fail: each of these ways to break the law is
// found.
func TestTheSchedulesFindBrokenRuns(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("played without the race detector, by make test")
	}
	for name, tt := range map[string]struct {
		twist func(*process, *jobs.Deps)
		plans func(testing.TB) []schedule
	}{
		"a run's row is overwritten": {
			without(ledger.TableRuns),
			halfway(cancels),
		},
		"findings are reconciled without their mark": {
			without(ledger.TableFindings),
			halfway(delivers),
		},
		"a final outcome is written over": {
			func(p *process, d *jobs.Deps) {
				inner := d.Ledger
				d.Ledger = wrong{Ledger: inner, put: func(ctx context.Context, o ledger.Outcome) error {
					return p.step("Outcomes.Upsert", func() error { return p.stage.overwrite(ctx, o) })
				}}
			},
			halfway(delivers),
		},
		"events are marked as announced before they are sent": {
			func(_ *process, d *jobs.Deps) {
				inner := d.Ledger
				d.Ledger = wrong{Ledger: inner, reconcile: func(ctx context.Context, run string, c sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]ledger.Event, error) {
					events, err := inner.Reconcile(ctx, run, c, task, now, at)
					if err == nil && len(events) > 0 {
						err = inner.MarkAnnounced(ctx, events)
					}
					return events, err
				}}
			},
			dying,
		},
		"rows come after the run is open": {
			func(_ *process, d *jobs.Deps) {
				inner := d.Ledger
				var late []ledger.Outcome
				d.Ledger = wrong{
					Ledger: inner,
					expect: func(_ context.Context, all []ledger.Outcome) error { late = slices.Clone(all); return nil },
				}
				d.Queue = afterwards{d.Queue, func(ctx context.Context) error { return inner.Expect(ctx, late) }}
			},
			dying,
		},
		"a lost message is never sent anew": {
			func(_ *process, d *jobs.Deps) { d.RequeueAfter = 100 * time.Hour },
			losing,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &tally{}
			plans := tt.plans(t)
			playAll(t, plans, c, tt.twist)
			if len(c.failed) == 0 {
				t.Errorf("%d schedules, and none of them found it", len(plans))
			}
			t.Logf("%d of %d schedules found it, the first: %.300s", len(c.failed), len(plans), append(c.failed, "")[0])
		})
	}
}

// afterwards does something after each message that was sent.
type afterwards struct {
	jobs.Sender
	act func(context.Context) error
}

func (a afterwards) Send(ctx context.Context, queue string, body []byte, delay time.Duration) error {
	if err := a.Sender.Send(ctx, queue, body, delay); err != nil {
		return err
	}
	return a.act(ctx)
}

// overwrite puts an outcome over whatever is there.
func (s *stage) overwrite(ctx context.Context, o ledger.Outcome) error {
	blank := rows.NewMemory()
	if err := ledger.Over(func(string) rows.Table { return blank }, s.now).PutOutcome(ctx, o); err != nil {
		return err
	}
	s.mu.Lock()
	outcomes := s.tables[ledger.TableOutcomes]
	s.mu.Unlock()
	for r, err := range blank.Query(ctx, rows.Query{}) {
		if err != nil {
			return err
		}
		if err := outcomes.Upsert(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
