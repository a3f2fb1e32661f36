package credential

import (
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
)

const (
	// renewBefore is how many days must be left.
	renewBefore = 30 * 24 * time.Hour
	// spread is how long Entra is given to learn of a credential everywhere.
	spread = 10 * time.Minute
	// giveUp is how long a candidate may be refused before it is discarded.
	giveUp = 24 * time.Hour
	// overlap is how long the old credential stays valid after the switch.
	// Instances read theirs every ten minutes.
	overlap = 24 * time.Hour
	// urgent is from when on a person is told even of what passes by itself.
	urgent = 14 * 24 * time.Hour
)

// The lives of what is made here.
const (
	certificateLife = 365 * 24 * time.Hour
	secretLife      = 180 * 24 * time.Hour
)

// Held is one credential as the vault holds it. The zero value is none.
type Held struct {
	Version string    // of the vault's secret; "" when there is none
	ID      string    // key id of a secret, thumbprint of a certificate; "" when not known
	Expires time.Time // zero when not known
	Created time.Time // when the vault stored it
}

// Absent tells that there is none.
func (h Held) Absent() bool { return h.Version == "" }

// Status is all that a decision depends on.
type Status struct {
	Current, Candidate Held
	Row                ledger.Credential
}

// Step is what is to be done next.
type Step string

// The steps, see doc.go.
const (
	Idle    Step = "idle"
	Make    Step = "make"
	List    Step = "list"
	Prove   Step = "prove"
	Settle  Step = "settle"
	Discard Step = "discard"
	Tidy    Step = "tidy"
)

// Verdict is a decision.
type Verdict struct {
	Step   Step
	Reason string
	Next   time.Time // when to look again; zero: with the next tick
}

// Due decides what is to be done with a credential.
func Due(now time.Time, s Status) Verdict {
	switch {
	case now.Before(s.Row.NextAttempt):
		return Verdict{Idle, "waiting after a failure", s.Row.NextAttempt}
	case !s.Candidate.Absent():
		return dueCandidate(now, s)
	case s.Current.Absent():
		return Verdict{Step: Make, Reason: "there is none"}
	case s.Current.Expires.IsZero():
		return Verdict{Step: Make, Reason: "when it ends is not known"}
	case s.Current.Expires.Sub(now) < renewBefore:
		return Verdict{Step: Make, Reason: "fewer than 30 days are left"}
	}
	tidyAt := s.Current.Created.Add(overlap)
	switch untidy := s.Row.TidiedAt.Before(tidyAt); {
	case untidy && !now.Before(tidyAt):
		return Verdict{Step: Tidy, Reason: "the one before is no longer in use"}
	case untidy:
		return Verdict{Idle, "the one before stays valid for a day", tidyAt}
	}
	return Verdict{Idle, "it has more than 30 days left", s.Current.Expires.Add(-renewBefore)}
}

// dueCandidate decides about a candidate on its way.
func dueCandidate(now time.Time, s Status) Verdict {
	ready := s.Row.ListedAt
	if !ended(now, s.Current) {
		ready = ready.Add(spread)
	}
	switch c := s.Candidate; {
	case c.ID != "" && c.ID == s.Current.ID:
		return Verdict{Step: Settle, Reason: "the candidate is in use already"}
	case c.ID == "" || c.Expires.Sub(now) < renewBefore:
		return Verdict{Step: Discard, Reason: "the candidate is too old to be used"}
	case s.Row.Candidate != c.ID:
		return Verdict{Step: List, Reason: "the candidate is not known to be on the registration"}
	case now.Before(ready):
		return Verdict{Idle, "Entra is given time to learn of the candidate", ready}
	}
	return Verdict{Step: Prove, Reason: "the candidate has had time to spread"}
}

// ended tells that there is nothing in use that could work.
func ended(now time.Time, current Held) bool {
	return current.Absent() || !current.Expires.IsZero() && !now.Before(current.Expires)
}

// delays after the first, second, … failure. The timer ticks hourly.
var delays = []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour}

// nextAttempt is when to try again after the given number of failures; a
// Retry-After that is longer is obeyed.
func nextAttempt(now time.Time, failures int, asked time.Duration) time.Time {
	wait := delays[min(max(failures, 1), len(delays))-1]
	return now.Add(max(wait, min(asked, delays[len(delays)-1])))
}
