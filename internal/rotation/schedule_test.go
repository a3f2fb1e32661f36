package rotation_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/rotation"
)

var oneSchedule = flag.String("schedule", "", "play the schedule of this name alone, and print its calls (with -v)")

// wantSchedules is how many distinct ones there are at least.
const wantSchedules = 10_000

// The second actors.
const (
	rotates          = "rotator"
	consentsAnew     = "consent"
	consentsRevoking = "consent-revoking"
)

// schedule says in which order things happen: process A rotates, with mishaps;
// before call number enters of A a second process B begins, makes its first
// pause calls (all, if 0), and after A is through resumes or dies there.
type schedule struct {
	tick    time.Duration // the clock moves so far with each call
	skew    time.Duration // of the clock of A
	mishaps []at
	second  string // "" for nobody
	enters  int
	napping bool // A oversleeps its lease right before B begins
	pause   int
	dies    bool
	skewB   time.Duration
}

type at struct {
	call int
	what mishap
}

// String is the canonical name.
func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tick=%s,skew=%s", s.tick, s.skew)
	for _, m := range s.mishaps {
		fmt.Fprintf(&b, ",%s@%02d", m.what, m.call)
	}
	if s.second == "" {
		return b.String()
	}
	fmt.Fprintf(&b, ",%s@%02d", s.second, s.enters)
	if s.napping {
		b.WriteString(",napping")
	}
	if s.pause > 0 {
		fmt.Fprintf(&b, ",pauses-after-%02d", s.pause)
		if s.dies {
			b.WriteString(",dies")
		}
	}
	if s.skewB != 0 {
		fmt.Fprintf(&b, ",its-skew=%s", s.skewB)
	}
	return b.String()
}

// outcome is what playing a schedule showed.
type outcome struct {
	calls     []string // of A, by name
	callsOfB  int
	asPlanned bool // every mishap and pause came to pass
	wrong     []string
	trace     string
}

// play runs the schedule on a fresh stage.
func (s schedule) play(tb testing.TB, broken func(rotation.Vault) rotation.Vault) outcome {
	tb.Helper()
	w := newStage(tb, s.tick)
	w.broken = broken
	a := &process{stage: w, name: "A", skew: s.skew, mishaps: map[int]mishap{}}
	for _, m := range s.mishaps {
		a.mishaps[m.call] = m.what
	}
	var b *puppet
	paused := false
	if s.second != "" {
		a.park = func(n int) {
			if n != s.enters || b != nil {
				return
			}
			if s.napping {
				w.cloud.World.Advance(nap)
			}
			p := &process{stage: w, name: "B", skew: s.skewB}
			b = startPuppet(p, s.act(p))
			paused = b.move(s.pause)
		}
	}
	_, _ = a.rotator().Rotate(a.context(), onStage, false)
	o := outcome{calls: a.names, asPlanned: a.hits == len(s.mishaps) && (s.second == "" || b != nil && paused == (s.pause > 0))}
	if b != nil {
		w.afterA(s, a, b)
		o.callsOfB = b.calls
	}
	w.epilogue(s)
	o.wrong, o.trace = w.wrong, w.trace.String()
	return o
}

// afterA ends B. A rotation that nothing disturbed leaves a consent that was
// complete meanwhile in use.
func (s *stage) afterA(plan schedule, a *process, b *puppet) {
	if len(plan.mishaps) == 0 && plan.second != rotates && b.ended && !a.dead {
		if grant, good := s.grantOf(s.inUse().Value); !good || grant != s.newestGrant() {
			s.fail("the rotation that saw the consent left an older grant in use")
		}
	}
	if plan.dies {
		b.kill()
		return
	}
	b.move(0)
}

// epilogue restarts: two hours later a sound process sweeps, and a day after
// that another one if the first did not find the connection due. Then all is
// well, and nobody was called who was not needed.
func (s *stage) epilogue(plan schedule) {
	for i, wait := range []time.Duration{2 * time.Hour, rotation.Interval + rotation.MaxJitter + time.Hour} {
		s.cloud.World.Advance(wait)
		p := &process{stage: s, name: fmt.Sprintf("C%d", i)}
		report, err := p.rotator().RotateDue(p.context())
		if err != nil || report.Count(rotation.Failed) != 0 {
			s.fail("restart: %+v, %v", report.Results, err)
		}
		if report.Count(rotation.Rotated) == 1 {
			if sick := s.healthy(); sick != "" {
				s.fail("after the restart: %s", sick)
			}
			break
		}
		if i == 1 {
			s.fail("the connection was not rotated: %+v", report.Results)
		}
	}
	if s.raised > 0 && plan.second != consentsRevoking {
		s.fail("a person was called %d times", s.raised)
	}
}

// tally counts what was played; it is safe for concurrent use.
type tally struct {
	mu     sync.Mutex
	traces map[[sha256.Size]byte]bool // of those that went as planned
	played int
	failed []string
}

func (c *tally) add(s schedule, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.played++; o.asPlanned {
		c.traces[sha256.Sum256(fmt.Appendf(nil, "%s %s %s %s %t\n%s", s.tick, s.skew, s.second, s.skewB, s.napping, o.trace))] = true
	}
	if len(o.wrong) > 0 {
		c.failed = append(c.failed, s.String()+":\n\t"+strings.Join(o.wrong, "\n\t"))
	}
}

// playAll plays the schedules on all processors and finds their variations.
func playAll(tb testing.TB, list []schedule, c *tally, broken func(rotation.Vault) rotation.Vault) []schedule {
	tb.Helper()
	found := make([][]schedule, len(list))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(list); i = int(next.Add(1)) - 1 {
				o := list[i].play(tb, broken)
				c.add(list[i], o)
				found[i] = list[i].variations(o)
			}
		})
	}
	wg.Wait()
	return slices.Concat(found...)
}

// everyNth thins a list out: the race detector makes each schedule ten times as
// slow, and "make test" plays them all without it.
func everyNth(list []schedule, n int) []schedule {
	var thin []schedule
	for i := 0; i < len(list); i += n {
		thin = append(thin, list[i])
	}
	return thin
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	if *oneSchedule != "" {
		playOne(t, *oneSchedule)
		return
	}
	began := time.Now()
	c := &tally{traces: map[[sha256.Size]byte]bool{}}
	want, thin := wantSchedules, 1
	if underRace || testing.Short() {
		want, thin = wantSchedules/50, 8
	}
	for list := everyNth(undisturbed(t), thin); len(list) > 0; {
		t.Logf("%s: %d schedules more", time.Since(began).Round(time.Second), len(list))
		list = everyNth(playAll(t, list, c, nil), max(1, thin*3/8))
		slices.SortStableFunc(list, func(a, b schedule) int { return strings.Compare(a.String(), b.String()) })
		list = slices.CompactFunc(list, func(a, b schedule) bool { return a.String() == b.String() })
	}
	for i, wrong := range c.failed {
		if i < 10 {
			t.Error(wrong)
		}
	}
	t.Logf("%d schedules played, %d of them distinct, %d broke the law, in %s", c.played, len(c.traces), len(c.failed), time.Since(began).Round(time.Millisecond))
	if len(c.traces) < want {
		t.Errorf("%d distinct schedules, want %d", len(c.traces), want)
	}
}

func playOne(t *testing.T, name string) {
	t.Helper()
	s, err := parseSchedule(name)
	if err != nil {
		t.Fatal(err)
	}
	o := s.play(t, nil)
	t.Logf("%s (as planned: %t)\n%s", s, o.asPlanned, o.trace)
	for _, wrong := range o.wrong {
		t.Error(wrong)
	}
}
