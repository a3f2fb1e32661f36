package throttle

import "time"

const (
	// share of the published limit that is given out: 30 s of places used late,
	// or some used early, still stay below the limit on average, and others may
	// use the same partner account.
	share = 0.9
	// late is how long after its place a ticket is good: a message may lie in
	// the queue for a while. After a longer stall all tickets would be used at
	// once.
	late = 30 * time.Second
	// regrow is the part of the full rate that comes back per window after a
	// cut: from one half to all in five windows.
	regrow = 0.1
	// least is the smallest part of the full rate that cuts lead to.
	least = 0.05
)

// budget is what all instances share of a paced scope: a row of places in
// time, one for each call, given out from next on (a generic cell rate).
type budget struct {
	Next time.Time // the first place nobody has
	Rate float64   // calls per window after the last cut
	Cut  time.Time // when that was; zero: never
}

// full is the rate of a scope that upstream has not complained about lately.
func full(r Rule) float64 { return float64(r.Limit) * share }

// rate is what the budget gives out per window now.
func (b budget) rate(r Rule, now time.Time) float64 {
	if b.Cut.IsZero() {
		return full(r)
	}
	windows := max(now.Sub(b.Cut).Seconds()/r.Window.Seconds(), 0)
	return min(b.Rate+windows*regrow*full(r), full(r))
}

// cut halves the rate, once a window however many refusals come, and keeps all
// places behind until.
func (b budget) cut(r Rule, until, now time.Time) budget {
	if b.Cut.IsZero() || now.Sub(b.Cut) >= r.Window {
		b.Rate = max(b.rate(r, now)/2, least*full(r))
		b.Cut = now
	}
	if b.Next.Before(until) {
		b.Next = until
	}
	return b
}

// lease gives n places away.
func (b budget) lease(r Rule, n int, now time.Time) (budget, block) {
	if b.Next.Before(now) {
		b.Next = now
	}
	given := block{first: b.Next, every: time.Duration(float64(r.Window) / b.rate(r, now)), n: n}
	b.Next = given.at(n)
	return b, given
}

// block is a run of places.
type block struct {
	first time.Time
	every time.Duration
	n     int
}

// at is the i-th place.
func (b block) at(i int) time.Time { return b.first.Add(time.Duration(i) * b.every) }

// skip drops the places before t.
func (b block) skip(t time.Time) block {
	if b.n == 0 || !b.first.Before(t) {
		return b
	}
	missed := int((t.Sub(b.first) + b.every - 1) / b.every)
	return b.after(min(missed, b.n))
}

// after is what is left behind the first k places.
func (b block) after(k int) block { return block{b.at(k), b.every, b.n - k} }
