package faults

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Injector holds the dials of one simulator. It is safe for concurrent use.
type Injector struct {
	now func() time.Time

	mu    sync.Mutex
	rng   *rand.Rand
	dials []*dial
	last  int
}

type dial struct {
	id    string
	fault Fault
	left  int // requests still to fail; meaningless when fault.Times is 0
}

// New makes an injector without faults; now is the clock of Retry-After dates.
func New(seed uint64, now func() time.Time) *Injector {
	return &Injector{now: now, rng: rand.New(rand.NewPCG(seed, 1))}
}

// Set adds a fault and returns its id. The error is Fault.Validate's.
func (i *Injector) Set(f Fault) (string, error) {
	if err := f.Validate(); err != nil {
		return "", err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last++
	id := "fault-" + strconv.Itoa(i.last)
	i.dials = append(i.dials, &dial{id: id, fault: f, left: f.Times})
	return id, nil
}

// Clear removes all faults.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.dials = nil
}

// Remove removes one fault; false when it is not (or no longer) there.
func (i *Injector) Remove(id string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, d := range i.dials {
		if d.id == id {
			i.dials = append(i.dials[:n:n], i.dials[n+1:]...)
			return true
		}
	}
	return false
}

// Active lists the faults by id.
func (i *Injector) Active() map[string]Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	active := make(map[string]Fault, len(i.dials))
	for _, d := range i.dials {
		active[d.id] = d.fault
	}
	return active
}

// draw decides what happens to a request: the latencies that apply, and the
// first other fault that does.
func (i *Injector) draw(host string, r *http.Request) (wait time.Duration, hit *Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var kept []*dial
	for _, d := range i.dials {
		if hit == nil && d.fault.selects(host, r) && i.falls(d.fault.Percent) {
			d.left--
			if d.fault.Kind == Latency {
				delay, _ := time.ParseDuration(d.fault.Latency) // validated by Set
				wait += delay
			} else {
				f := d.fault
				hit = &f
			}
		}
		if d.fault.Times == 0 || d.left > 0 {
			kept = append(kept, d)
		}
	}
	i.dials = kept
	return wait, hit
}

func (i *Injector) falls(percent float64) bool {
	return percent == 0 || i.rng.Float64()*100 < percent
}
