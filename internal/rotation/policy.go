package rotation

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

// The schedule.
const (
	// Interval lies between two rotations of a healthy connection.
	Interval = 24 * time.Hour
	// MaxJitter is added to Interval, a fixed share of it per connection, so
	// that connections consented together do not rotate together for ever.
	MaxJitter = 2 * time.Hour
	// EarlyDays: with fewer days left than this, of 90, rotation has stood
	// still for weeks and the interval no longer counts.
	EarlyDays = 45
	// Probe lies between two attempts on a token that only a person can
	// replace: refusals are sometimes lifted (a policy undone, an account
	// enabled again), and one request a day costs nobody anything.
	Probe = 24 * time.Hour
)

const day = 24 * time.Hour

// delays are the waits after the first, second, … failure in a row, with the
// running total. A token lives 90 days, so even the last step leaves dozens of
// attempts; a short first step catches outages that end within the hour.
var delays = [...]time.Duration{
	1 * time.Hour,  //  1 h
	2 * time.Hour,  //  3 h
	4 * time.Hour,  //  7 h
	8 * time.Hour,  // 15 h
	16 * time.Hour, // 31 h
	32 * time.Hour, // 63 h, then every 32 h
}

const longestDelay = 32 * time.Hour

// Verdict says whether a connection is due, why, and, when it is not, from
// when on it will be (zero when only a person can change that).
type Verdict struct {
	Due    bool
	Reason string
	Next   time.Time
}

// Due decides about one connection. It is pure. A wait or a rotation that lies
// further in the future than we ever plan was written by a wrong clock and
// does not count: it would otherwise let the token die.
func Due(now time.Time, c ledger.Connection) Verdict {
	last := lastSuccess(c)
	next := last.Add(Interval + Jitter(c.ID))
	left := c.Expires.Sub(now)
	switch {
	case c.Disabled:
		return Verdict{Reason: "switched off by an operator"}
	case c.NextAttempt.After(now) && c.NextAttempt.Sub(now) <= longestDelay:
		return Verdict{Reason: fmt.Sprintf("waiting after %d failed attempts", c.Attempts), Next: c.NextAttempt}
	case c.ProvedAt.IsZero():
		return Verdict{Due: true, Reason: "never proved"}
	case c.Problem != nil && c.Problem.Class == sam.ClassReconsent:
		return Verdict{Due: true, Reason: "daily probe of a refused token"}
	case c.Problem != nil:
		return Verdict{Due: true, Reason: "the last attempt failed"}
	case left < EarlyDays*day:
		return Verdict{Due: true, Reason: fmt.Sprintf("only %d days left", int(left/day))}
	case last.After(now):
		return Verdict{Due: true, Reason: "the last rotation lies in the future"}
	case !next.After(now):
		return Verdict{Due: true, Reason: fmt.Sprintf("last rotated %s ago", now.Sub(last).Truncate(time.Minute))}
	}
	return Verdict{Reason: "rotated and proved", Next: next}
}

// lastSuccess is the rotation, or where none brought a new token, the proof.
func lastSuccess(c ledger.Connection) time.Time {
	if c.RotatedAt.IsZero() {
		return c.ProvedAt
	}
	return c.RotatedAt
}

// Jitter is the connection's own share of MaxJitter: always the same, spread
// evenly over connections, in whole seconds.
func Jitter(id sam.ConnectionID) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash never fails
	return time.Duration(h.Sum64()%uint64(MaxJitter/time.Second)) * time.Second
}

// Delay is the wait after the given number of failures in a row; from the
// sixth on it is 32 hours.
func Delay(failures int) time.Duration {
	i := min(max(failures, 1), len(delays)) - 1
	return delays[i]
}

// nextAttempt is when to try again after failure number failures with p. What
// upstream asks for is obeyed up to the longest wait of the table.
func nextAttempt(now time.Time, failures int, p *sam.Problem) time.Time {
	if p.Class == sam.ClassReconsent {
		return now.Add(Probe)
	}
	return now.Add(min(max(Delay(failures), p.RetryAfter), longestDelay))
}
