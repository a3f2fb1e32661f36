package jobs_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/ledger/rows"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// mishap is what befalls one storage step of a process.
type mishap string

const (
	diesBefore  mishap = "dies-before"  // the process ends; the step did not happen
	diesAfter   mishap = "dies-after"   // the process ends; the step happened
	requestLost mishap = "request-lost" // the step fails and did not happen
	answerLost  mishap = "answer-lost"  // the step fails and happened
	messageLost mishap = "message-lost" // the queue takes a message and loses it
	sentTwice   mishap = "sent-twice"   // the queue takes a message and has it twice
)

var (
	errGone = errors.New("the process is gone")
	errLost = errors.New("the answer was lost")
)

// process is one process. Every step it makes on shared storage passes through
// here and is counted; once it is dead none of its steps has an effect.
type process struct {
	stage   *stage
	name    string
	mishaps map[int]mishap // by number of the step, from 1
	park    func(n int)    // called before each step; may wait for a turn

	mu    sync.Mutex
	steps []string // by name, in order
	hits  int      // mishaps that came to pass
	dead  bool
}

// step makes one step. A process makes one at a time, in whatever goroutine.
func (p *process) step(what string, act func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return errGone
	}
	if p.park != nil {
		p.park(len(p.steps) + 1)
		if p.dead {
			return errGone
		}
	}
	p.steps = append(p.steps, what)
	p.stage.tick()
	fate := p.mishaps[len(p.steps)]
	if fate != "" {
		p.hits++
	}
	p.stage.note(p.name, what, fate)
	switch fate {
	case diesBefore:
		p.dead = true
		return errGone
	case requestLost:
		return errLost
	case messageLost:
		return nil
	case sentTwice:
		_ = act()
	case diesAfter, answerLost:
	}
	err := act()
	switch fate {
	case diesAfter:
		p.dead = true
		return errGone
	case answerLost:
		return errors.Join(err, errLost)
	case diesBefore, requestLost, messageLost, sentTwice:
	}
	return err
}

// of is a step with a result.
func of[T any](p *process, what string, act func() (T, error)) (T, error) {
	var result T
	err := p.step(what, func() (err error) {
		result, err = act()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// table is a shared table as one process reaches it.
type table struct {
	rows.Table
	p    *process
	name string
}

func (t table) Get(ctx context.Context, k rows.Key) (rows.Row, error) {
	return of(t.p, t.name+".Get", func() (rows.Row, error) { return t.Table.Get(ctx, k) })
}

func (t table) Insert(ctx context.Context, r rows.Row) error {
	return t.p.step(t.name+".Insert", func() error { return t.Table.Insert(ctx, r) })
}

func (t table) Replace(ctx context.Context, r rows.Row) error {
	return t.p.step(t.name+".Replace", func() error { return t.Table.Replace(ctx, r) })
}

func (t table) Upsert(ctx context.Context, r rows.Row) error {
	return t.p.step(t.name+".Upsert", func() error { return t.Table.Upsert(ctx, r) })
}

func (t table) Delete(ctx context.Context, k rows.Key) error {
	return t.p.step(t.name+".Delete", func() error { return t.Table.Delete(ctx, k) })
}

func (t table) Apply(ctx context.Context, a []rows.Action) error {
	return t.p.step(t.name+".Apply", func() error { return t.Table.Apply(ctx, a) })
}

func (t table) Query(ctx context.Context, q rows.Query) iter.Seq2[rows.Row, error] {
	return func(yield func(rows.Row, error) bool) {
		page, err := of(t.p, t.name+".Query", func() ([]rows.Row, error) {
			var all []rows.Row
			for r, err := range t.Table.Query(ctx, q) {
				if err != nil {
					return nil, err
				}
				all = append(all, r)
			}
			return all, nil
		})
		if err != nil {
			yield(rows.Row{}, err)
			return
		}
		for _, r := range page {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Send implements jobs.Sender.
func (p *process) Send(_ context.Context, queue string, body []byte, delay time.Duration) error {
	return p.step("send "+queue, func() error {
		p.stage.put(queue, &sent{body: slices.Clone(body), due: p.stage.now().Add(delay)})
		return nil
	})
}

// PutResult implements jobs.Results.
func (p *process) PutResult(ctx context.Context, c sam.CustomerID, task string, doc []byte, at time.Time) error {
	return p.step("result", func() error { return p.stage.results.PutResult(ctx, c, task, doc, at) })
}

// Acquire implements jobs.Locker: a lock lapses by the clock of the stage.
func (p *process) Acquire(_ context.Context, name string, ttl time.Duration) (jobs.Lease, error) {
	return of(p, "lock "+name, func() (jobs.Lease, error) { return p.stage.acquire(p, name, ttl) })
}

// lapsing is a lock as one process holds it.
type lapsing struct {
	p    *process
	name string
	mine int
}

// Renew is called by a real clock, which does not move here.
func (lapsing) Renew(context.Context) error { return nil }

func (l lapsing) Release(context.Context) error {
	return l.p.step("unlock "+l.name, func() error { return l.p.stage.release(l.name, l.mine) })
}
