package jobs_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The schedules are found by playing them: each one that was played shows which
// steps there are to go wrong, so that none is listed which cannot happen.

// wantSchedules is how many go as planned at least.
const wantSchedules = 5_000

// soon is how many steps after one thing went wrong the next one may.
const soon = 4

// undisturbed are the schedules without mishaps: nobody else, or one of the
// other actors before each of the steps that A makes.
func undisturbed(tb testing.TB) []schedule {
	tb.Helper()
	all := []schedule{{}}
	steps := len((schedule{}).play(tb, nil).steps)
	for _, kind := range []string{opens, supervises, delivers, cancels, interrupts, waits, waitsLong} {
		for enters := 1; enters <= steps; enters++ {
			all = append(all, schedule{second: kind, enters: enters})
		}
	}
	return all
}

// variations of a schedule that was played: B in two parts, and one mishap more
// for A soon after what has already happened.
func (s schedule) variations(o outcome) []schedule {
	if len(o.wrong) > 0 || !o.asPlanned || s.pause > 0 {
		return nil
	}
	var all []schedule
	if len(s.mishaps) == 0 {
		for pause := 1; pause < o.stepsOfB; pause++ {
			half := s
			half.pause = pause
			all = append(all, half)
		}
	}
	from, to := s.window(len(o.steps))
	for step := from; step <= to; step++ {
		for _, what := range s.next() {
			if possible(what, step, o.steps[step-1]) {
				hit := s
				hit.mishaps = append(slices.Clone(s.mishaps), accident{step, what})
				all = append(all, hit)
			}
		}
	}
	return all
}

// window is where the next mishap may fall.
func (s schedule) window(steps int) (from, to int) {
	switch {
	case len(s.mishaps) > 0:
		from = s.mishaps[len(s.mishaps)-1].step + 1
	case s.second != "":
		from = s.enters
	default:
		return 1, steps
	}
	return from, min(steps, from+soon)
}

// next says which mishaps may follow.
func (s schedule) next() []mishap {
	switch {
	case s.second != "" && len(s.mishaps) == 0:
		return []mishap{diesAfter, answerLost}
	case s.second != "":
		return nil
	case len(s.mishaps) == 0:
		return []mishap{diesBefore, diesAfter, requestLost, answerLost, messageLost, sentTwice}
	case len(s.mishaps) == 1:
		return []mishap{diesAfter, requestLost, answerLost}
	}
	return nil
}

// possible leaves out what makes no difference: dying before a step is dying
// after the one before, and only a queue loses or doubles messages. Events that
// the queue loses are lost: it must not, and no ledger can help.
func possible(what mishap, step int, name string) bool {
	switch what {
	case diesBefore:
		return step == 1
	case messageLost:
		return name == "send customer-jobs"
	case sentTwice:
		return strings.HasPrefix(name, "send ")
	case diesAfter, requestLost, answerLost:
	}
	return true
}

// parseSchedule reads a name back.
func parseSchedule(name string) (s schedule, err error) {
	for part := range strings.SplitSeq(name, ",") {
		what, where, isAt := strings.Cut(part, "@")
		if !isAt {
			where = strings.TrimPrefix(part, "pauses-after-")
		}
		number := 0
		if part != "undisturbed" {
			if number, err = strconv.Atoi(where); err != nil {
				return s, fmt.Errorf("%q is no part of a schedule: %w", part, err)
			}
		}
		switch {
		case part == "undisturbed":
		case !isAt:
			s.pause = number
		case actors[what] != nil:
			s.second, s.enters = what, number
		default:
			s.mishaps = append(s.mishaps, accident{number, mishap(what)})
		}
	}
	return s, nil
}
