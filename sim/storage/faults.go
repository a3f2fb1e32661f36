package storage

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samkeeper/samkeeper/sim/queue"
)

// Faults are the dials: shares from 0 to 1 of the requests, or messages, they
// befall. The zero value is none.
type Faults struct {
	Refuse     float64 // answered 500 or 503, not applied
	LoseAnswer float64 // applied, then cut off
	Slow       float64 // held up for up to Latency before anything happens
	Latency    time.Duration
	Messages   map[string]MessageFaults // by queue
}

// MessageFaults befall messages that are put on one queue.
type MessageFaults struct {
	Drop      float64       // never stored
	DropUpTo  time.Duration // only those that are hidden no longer than this
	Duplicate float64       // stored twice
	Delay     float64       // hidden for up to DelayBy longer, in whole seconds
	DelayBy   time.Duration
	Redeliver float64 // of receptions: handed out, and left visible as well
}

// Mishaps counts what the faults have done.
type Mishaps struct {
	Refused    int64 `json:"refused"`
	Lost       int64 `json:"answers_lost"`
	Slowed     int64 `json:"slowed"`
	Dropped    int64 `json:"messages_dropped"`
	Duplicated int64 `json:"messages_duplicated"`
	Delayed    int64 `json:"messages_delayed"`
	Redelivery int64 `json:"receptions_left_visible"`
}

// plan draws faults and counts them. It is safe for concurrent use.
type plan struct {
	seed   uint64
	faults atomic.Pointer[Faults]

	mu    sync.Mutex
	drawn map[string]uint64 // how many of each kind

	refused, lost, slowed, dropped, duplicated, delayed, redelivered atomic.Int64
}

func newPlan(seed uint64) *plan {
	p := &plan{seed: seed, drawn: map[string]uint64{}}
	p.faults.Store(&Faults{})
	return p
}

// draw is the chances of the next request of a kind.
func (p *plan) draw(kind string) *rand.Rand {
	p.mu.Lock()
	n := p.drawn[kind]
	p.drawn[kind] = n + 1
	p.mu.Unlock()
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(kind)) // it never fails
	return rand.New(rand.NewPCG(p.seed^hash.Sum64(), n))
}

// fate is what befalls a request before and after it is applied.
type fate struct {
	refuse int // a status, or 0
	lose   bool
	wait   time.Duration
}

// request decides over one request to a service.
func (p *plan) request(kind string) fate {
	f := p.faults.Load()
	chance := p.draw(kind)
	var out fate
	if chance.Float64() < f.Slow {
		out.wait = time.Duration(chance.Float64() * float64(f.Latency))
		p.slowed.Add(1)
	}
	switch roll := chance.Float64(); {
	case roll < f.Refuse/2:
		out.refuse = 500
	case roll < f.Refuse:
		out.refuse = 503
	case roll < f.Refuse+f.LoseAnswer:
		out.lose = true
		p.lost.Add(1)
	}
	if out.refuse != 0 {
		p.refused.Add(1)
	}
	return out
}

// message decides over one call of the queue service, as its Fate.
func (p *plan) message(c queue.Call) queue.Mishap {
	f := p.faults.Load().Messages[c.Queue]
	chance := p.draw("message " + c.Queue + " " + c.Operation.String())
	var out queue.Mishap
	if c.Operation == queue.PutMessage {
		p.put(f, c.Hidden, chance, &out)
	}
	if c.Operation == queue.GetMessages && chance.Float64() < f.Redeliver {
		out.StayVisible = true
		p.redelivered.Add(1)
	}
	return out
}

func (p *plan) put(f MessageFaults, hidden time.Duration, chance *rand.Rand, out *queue.Mishap) {
	switch roll := chance.Float64(); {
	case roll < f.Drop && hidden <= f.DropUpTo:
		out.Drop = true
		p.dropped.Add(1)
		return
	case roll < f.Drop+f.Duplicate:
		out.Copies = 1
		p.duplicated.Add(1)
	}
	if chance.Float64() < f.Delay {
		out.Delay = time.Duration(1+chance.Int64N(max(1, int64(f.DelayBy/time.Second)))) * time.Second
		p.delayed.Add(1)
	}
}

func (p *plan) mishaps() Mishaps {
	return Mishaps{
		p.refused.Load(), p.lost.Load(), p.slowed.Load(), p.dropped.Load(),
		p.duplicated.Load(), p.delayed.Load(), p.redelivered.Load(),
	}
}
