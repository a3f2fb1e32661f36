package rotation_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The schedules are found by playing them: each one that was played shows which
// calls there are to go wrong, so that none is listed which cannot happen.

// instant is a call that takes next to no time: many of them fall into one
// second of the vault's, and still no two into the same moment.
const instant = time.Millisecond

var (
	mishaps = []mishap{diesBefore, diesAfter, requestLost, answerLost, unavailable, twice, sleeps}
	ticks   = []time.Duration{instant, 3 * time.Second}
	skews   = []time.Duration{0, 10 * time.Minute, -10 * time.Minute}
)

// undisturbed are the schedules without mishaps: nobody else; a consent, or a
// second rotator, before each of the calls that a rotation makes.
func undisturbed(tb testing.TB) []schedule {
	tb.Helper()
	calls := len((schedule{}).play(tb, nil).calls)
	var all []schedule
	for _, tick := range ticks {
		for _, skew := range skews {
			if skew != 0 && tick == instant {
				continue // a wrong clock, and nothing takes any time: not both
			}
			all = append(all, schedule{tick: tick, skew: skew})
			for _, kind := range []string{consentsAnew, consentsRevoking} {
				for enters := 1; enters <= calls; enters++ {
					all = append(all, schedule{tick: tick, skew: skew, second: kind, enters: enters})
				}
			}
			for enters := 1; enters <= calls; enters++ {
				all = append(all,
					schedule{tick: tick, second: rotates, enters: enters, skewB: skew},
					schedule{tick: tick, second: rotates, enters: enters, skewB: skew, napping: true})
			}
		}
	}
	return all
}

// variations of a schedule that was played: B in two parts, and one mishap
// more for A, after what has already happened.
func (s schedule) variations(o outcome) []schedule {
	if len(o.wrong) > 0 || !o.asPlanned {
		return nil
	}
	all := s.inParts(o.callsOfB)
	from := s.enters
	if len(s.mishaps) > 0 {
		from = s.mishaps[len(s.mishaps)-1].call + 1
	}
	for call := max(from, 1); call <= len(o.calls); call++ {
		for _, what := range s.next() {
			if !possible(what, call, o.calls[call-1]) {
				continue
			}
			hit := s
			hit.mishaps = append(slices.Clone(s.mishaps), at{call, what})
			all = append(all, hit)
		}
	}
	return all
}

// inParts: B is interrupted after each of its calls until A is through, to go
// on then or to die. A sign-in that revokes and then dies before its token is
// stored leaves nothing that anybody could keep alive.
func (s schedule) inParts(calls int) []schedule {
	var all []schedule
	if len(s.mishaps) > 0 || s.pause > 0 {
		return nil
	}
	for pause := 1; pause < calls; pause++ {
		s.pause = pause
		s.dies = false
		all = append(all, s)
		if s.second != consentsRevoking || pause > 1 {
			s.dies = true
			all = append(all, s)
		}
	}
	return all
}

// next says which mishaps may follow: all of them first, the hard ones second
// where A is alone and its clock right, none after that.
func (s schedule) next() []mishap {
	alone := s.second == "" && s.skew == 0 && s.tick == instant
	switch {
	case s.pause > 0:
		return nil
	case len(s.mishaps) == 0 && (s.skew == 0 && s.skewB == 0 || s.second == ""):
		return mishaps
	case len(s.mishaps) == 0:
		return []mishap{diesAfter, answerLost}
	case len(s.mishaps) == 1 && alone:
		return []mishap{diesAfter, requestLost, answerLost, unavailable}
	}
	return nil
}

// possible leaves out what makes no difference: dying before a call is dying
// after the one before, and a repeated reading is one reading.
func possible(what mishap, call int, name string) bool {
	switch what {
	case diesBefore:
		return call == 1
	case unavailable:
		return isHTTP(name)
	case twice:
		return isHTTP(name) && !strings.HasPrefix(name, "GET")
	case diesAfter, requestLost, answerLost, sleeps:
	}
	return true
}

func isHTTP(name string) bool {
	return strings.HasPrefix(name, "GET ") || name == "redeem" || name == "PUT" || name == "PATCH"
}

// parseSchedule reads a name back.
func parseSchedule(name string) (s schedule, err error) {
	for part := range strings.SplitSeq(name, ",") {
		key, value, _ := strings.Cut(part, "=")
		what, where, isAt := strings.Cut(part, "@")
		number := 0
		if isAt {
			if number, err = strconv.Atoi(where); err != nil {
				return s, fmt.Errorf("%q: %w", part, err)
			}
		}
		switch {
		case key == "tick":
			s.tick, err = time.ParseDuration(value)
		case key == "skew":
			s.skew, err = time.ParseDuration(value)
		case key == "its-skew":
			s.skewB, err = time.ParseDuration(value)
		case part == "napping":
			s.napping = true
		case part == "dies":
			s.dies = true
		case strings.HasPrefix(part, "pauses-after-"):
			s.pause, err = strconv.Atoi(strings.TrimPrefix(part, "pauses-after-"))
		case isAt && slices.Contains(mishaps, mishap(what)):
			s.mishaps = append(s.mishaps, at{number, mishap(what)})
		case isAt:
			s.second, s.enters = what, number
		default:
			err = fmt.Errorf("%q is no part of a schedule", part)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}
