package throttle

import "time"

// maxScopes bounds the cache; beyond it what is oldest by chance is dropped.
const maxScopes = 10_000

// cached is what this instance knows without asking: a scope it knows to be
// closed is closed whatever the age of the news, since nothing shortens it.
func (g *Gate) cached(scope string, now time.Time) (time.Time, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.seen[scope]
	if !ok {
		return time.Time{}, false
	}
	age := now.Sub(r.at)
	return r.until, r.until.After(now) || age >= 0 && age < freshness
}

// remember keeps a reading and returns the later of it and what was known.
func (g *Gate) remember(scope string, until, now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.seen[scope].until; known.After(until) {
		until = known
	}
	g.makeRoom()
	g.seen[scope] = reading{until, now}
	return until
}

// prolong notes at once what this instance itself was told by upstream.
func (g *Gate) prolong(scope string, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.seen[scope]; r.until.Before(until) {
		g.makeRoom()
		r.until = until
		g.seen[scope] = r
	}
}

func (g *Gate) makeRoom() {
	for scope := range g.seen {
		if len(g.seen) < maxScopes {
			return
		}
		delete(g.seen, scope)
	}
}
