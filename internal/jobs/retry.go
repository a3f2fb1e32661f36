package jobs

import "time"

// delays is how long a task waits after its nth try, with the running total.
// It has to ride out, in this order: a rate limit window, the few minutes that
// a new consent or role takes to reach every server, a short regional outage,
// a long one; and still end well inside the four hours of a run, so that a
// failure is reported by the run it belongs to.
var delays = [...]time.Duration{
	15 * time.Second, // 0:00:15  rate limits count per 5 s to 60 s
	time.Minute,      // 0:01:15  a failed-over front end
	5 * time.Minute,  // 0:06:15  propagation of consent: up to 3 minutes
	20 * time.Minute, // 0:26:15  a short outage
	time.Hour,        // 1:26:15  a long one
}

// MaxTries is how often a task is tried before it is given up.
const MaxTries = len(delays) + 1

// HoldFor is how long jobs of a connection wait once the connection itself is
// the trouble, before one of them looks again.
const HoldFor = 15 * time.Minute

// healerDelay is how long a task waits for a Healer that another message deals
// with, before it looks again.
const healerDelay = 15 * time.Second

// longestDelay is below the seven days for which a message can be hidden.
const longestDelay = 24 * time.Hour

// RetryDelay is the wait after the given try (1 is the first), and whether
// there is a next one at all. Upstream's Retry-After is obeyed when it is
// longer than the table's delay.
func RetryDelay(try int, retryAfter time.Duration) (time.Duration, bool) {
	if try < 1 || try > len(delays) {
		return 0, false
	}
	return min(max(delays[try-1], retryAfter), longestDelay), true
}

// Jitter lengthens a delay by up to a fifth, so that jobs that failed together
// do not come back together. It never shortens: a Retry-After is a promise.
// random is in [0,1).
func Jitter(delay time.Duration, random float64) time.Duration {
	return delay + time.Duration(float64(delay)/5*random)
}
