package blob

import "time"

// lease is who holds a blob. The zero value is nobody, ever.
type lease struct {
	id      string
	term    time.Duration // 0: for ever
	ends    time.Time     // with a term
	broken  time.Time     // when it is or will be free after a break; zero: not broken
	touched bool          // the blob was written after the lease had run out
}

// leaseState is the service's word for where a lease stands.
type leaseState string

const (
	available leaseState = "available"
	leased    leaseState = "leased"
	expired   leaseState = "expired"
	breaking  leaseState = "breaking"
	broken    leaseState = "broken"
)

func (l lease) state(now time.Time) leaseState {
	switch {
	case l.id == "":
		return available
	case !l.broken.IsZero() && now.Before(l.broken):
		return breaking
	case !l.broken.IsZero():
		return broken
	case l.term > 0 && !now.Before(l.ends):
		return expired
	}
	return leased
}

// active leases keep others from writing.
func (s leaseState) active() bool { return s == leased || s == breaking }

// begin starts a term, or starts it over.
func (l *lease) begin(id string, term time.Duration, now time.Time) {
	*l = lease{id: id, term: term}
	if term > 0 {
		l.ends = now.Add(term)
	}
}

func (l *lease) acquire(id string, term time.Duration, now time.Time) *problem {
	switch state := l.state(now); {
	case state == leased && l.id != id:
		return errLeaseTaken
	case state == breaking && l.id == id:
		return errLeaseBreaking
	case state == breaking:
		return errLeaseTaken
	}
	l.begin(id, term, now)
	return nil
}

func (l *lease) renew(id string, now time.Time) *problem {
	switch state := l.state(now); {
	case state == available, l.id != id:
		return errLeaseMismatch
	case state == breaking, state == broken:
		return errLeaseNoRenewing
	case state == expired && l.touched:
		return errLeaseMismatch
	}
	l.begin(id, l.term, now)
	return nil
}

func (l *lease) release(id string, now time.Time) *problem {
	if l.state(now) == available || l.id != id {
		return errLeaseMismatch
	}
	*l = lease{}
	return nil
}

// breakNow ends the lease after the period, at the latest when it would have
// ended; a negative period means then. It returns what is left.
func (l *lease) breakNow(period time.Duration, now time.Time) (time.Duration, *problem) {
	left := l.ends.Sub(now)
	switch l.state(now) {
	case available:
		return 0, errLeaseAbsent
	case expired, broken:
		left = 0
	case breaking:
		left = l.broken.Sub(now)
	case leased:
		if l.term == 0 {
			left = max(period, 0)
		}
	}
	if period >= 0 {
		left = min(left, period)
	}
	l.broken = now.Add(left)
	return left, nil
}

// mayWrite judges a write that names a lease, or none ("").
func (l lease) mayWrite(id string, now time.Time) *problem {
	switch state := l.state(now); {
	case state.active() && id == "":
		return errLeaseMissing
	case state.active() && id != l.id:
		return errLeaseOther
	case state.active(), id == "":
		return nil
	case state == available:
		return errLeaseNone
	case id == l.id:
		return errLeaseLost
	}
	return errLeaseOther
}

// written notes a write: a lease that has run out cannot be renewed any more.
func (l *lease) written(now time.Time) {
	if state := l.state(now); state == expired || state == broken {
		l.touched = true
	}
}
