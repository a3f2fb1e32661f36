package throttle

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Ticket is a reserved place in a paced scope: from At on its holder may make
// Calls calls. It travels in the message of the job it was given to.
type Ticket struct {
	Scope Scope     `json:"scope"`
	At    time.Time `json:"at"`
	Calls int       `json:"calls"`
}

// MaxTickets and MaxCalls bound what a message may claim.
const (
	MaxTickets = 8
	MaxCalls   = 500
)

// Sound reports whether a ticket from outside could be one of ours.
func (t Ticket) Sound() bool {
	return RuleOf(t.Scope.Kind).Paced && t.Calls > 0 && t.Calls <= MaxCalls && !t.At.IsZero()
}

// Grace is how much longer than for its place another wait of a job may be, so
// that the job still comes for its place.
const Grace = late

// usable reports whether now is the ticket's time.
func (t Ticket) usable(now time.Time) bool {
	return t.Calls > 0 && !now.Before(t.At.Add(-RuleOf(t.Scope.Kind).due())) && !now.After(t.At.Add(late))
}

// Pouch is what one job knows of its own calls: the tickets it came with, the
// places it was given when it was refused, and how many calls its present
// attempt made in each scope. It travels in the context of the job's calls and
// is safe for concurrent use.
type Pouch struct {
	mu     sync.Mutex
	held   []Ticket
	placed []Ticket
	used   map[Scope]int
}

// NewPouch holds the tickets of a message.
func NewPouch(tickets []Ticket) *Pouch {
	return &Pouch{held: slices.Clone(tickets), used: map[Scope]int{}}
}

type pouchKey struct{}

// In returns a context whose calls use the pouch.
func (p *Pouch) In(ctx context.Context) context.Context {
	return context.WithValue(ctx, pouchKey{}, p)
}

// pouchIn is nil where calls belong to no job that could come back.
func pouchIn(ctx context.Context) *Pouch {
	p, _ := ctx.Value(pouchKey{}).(*Pouch)
	return p
}

// Begin starts an attempt: what is used from now on counts for it.
func (p *Pouch) Begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.used)
}

// Placed are the places to come back with, and when the last of them is; the
// zero time when there is none.
func (p *Pouch) Placed() ([]Ticket, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var last time.Time
	for _, t := range p.placed {
		if t.At.After(last) {
			last = t.At
		}
	}
	return slices.Clone(p.placed), last
}

// spend uses one call of a ticket.
func (p *Pouch) spend(s Scope, now time.Time) bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.held {
		if p.held[i].Scope == s && p.held[i].usable(now) {
			p.held[i].Calls--
			return true
		}
	}
	return false
}

// count notes an admitted call.
func (p *Pouch) count(s Scope) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.used[s]++
	p.mu.Unlock()
}

// need is how many calls a refused attempt should be able to make the next
// time: twice what it made before it was refused, so that a task which needs n
// calls is done after log n refusals at most.
func (p *Pouch) need(s Scope) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(max(2*p.used[s], 1), MaxCalls)
}

// ahead is the ticket of a job that comes before its time, which a second
// delivery of its message may do. It stays reserved: a new place, behind all
// others, each time would put the job off for ever. Places before the scope
// opens are lost.
func (p *Pouch) ahead(s Scope, closed, now time.Time) (Ticket, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.held {
		if t.Scope != s || t.Calls <= 0 || !now.Before(t.At.Add(-RuleOf(s.Kind).due())) || t.At.Before(closed) {
			continue
		}
		if !slices.ContainsFunc(p.placed, func(o Ticket) bool { return o.Scope == s }) && len(p.placed) < MaxTickets {
			p.placed = append(p.placed, t)
		}
		return t, true
	}
	return Ticket{}, false
}

// place keeps a reservation; more calls in the same scope are one ticket,
// usable when the last of its places has come.
func (p *Pouch) place(t Ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.placed {
		if old := &p.placed[i]; old.Scope == t.Scope {
			old.Calls = min(old.Calls+t.Calls, MaxCalls)
			if t.At.After(old.At) {
				old.At = t.At
			}
			return
		}
	}
	if len(p.placed) < MaxTickets {
		p.placed = append(p.placed, t)
	}
}

// longestPause bounds one wait in place.
const longestPause = 6 * time.Second

// Pause waits for a scope in place, where coming back later would not help: an
// attempt that has made half of what upstream allows in a window needs more
// than one window, and would end at the same call each time. It reports
// whether it waited; otherwise the job goes back to the queue. Waiting ends
// with the context.
func Pause(ctx context.Context, s Scope, wait time.Duration) bool {
	if !pouchIn(ctx).outgrows(s) || wait > longestPause {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// outgrows reports whether the attempt needs more than a window of a scope
// whose tickets cannot be had.
func (p *Pouch) outgrows(s Scope) bool {
	rule := RuleOf(s.Kind)
	if p == nil || rule.Paced || rule.Limit == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return 2*p.used[s] >= rule.Limit
}
