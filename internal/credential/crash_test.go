package credential_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/credential"
	"github.com/samkeeper/samkeeper/sim/simtest"
	"github.com/samkeeper/samkeeper/sim/world"
)

// TestMishapAnywhere lets the process die at each of its calls to vault, Graph,
// login and ledger, over the whole life of a renewal, or lets that one request
// or its answer be lost. Whatever happens: what the vault gives out is accepted
// at every moment, the next ticks end with a new credential in use, and the
// registration then holds that one and the foreign one, and nothing that
// anybody forgot.
func TestMishapAnywhere(t *testing.T) {
	t.Parallel()
	strides := map[mishap]int{dies: 1, requestLost: 5, answerLost: 3}
	if testing.Short() {
		strides = map[mishap]int{dies: 5, requestLost: 11, answerLost: 11}
	}
	for name, what := range map[string]credential.Credential{
		"secret":      {Kind: credential.Secret},
		"certificate": {Kind: credential.Certificate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t, simtest.Options{Shares: simtest.Healthy()})
			sim.World.Change(func(p *world.Partner) { p.App.Spread = 5 * time.Minute })
			s := newStage(t, sim, what)
			for i, mishap := range []mishap{dies, requestLost, answerLost} {
				schedules, stride := 0, strides[mishap]
				for n := 1; s.play(fmt.Sprintf("%s-%d-%d", name, i, n), n, mishap); n += stride {
					schedules++
				}
				if schedules*stride < 40 {
					t.Errorf("%s: only %d schedules", mishap, schedules)
				}
				t.Logf("%s, %s: %d schedules", name, mishap, schedules)
			}
		})
	}
}

// pauses after the ticks of a schedule: time to make, list, prove and settle,
// with a mishap in between; then the day of overlap, again with a mishap.
var pauses = []time.Duration{time.Hour, time.Hour, time.Hour, 26 * time.Hour, time.Hour, 26 * time.Hour, time.Hour}

// play plays one schedule with a credential of its own; it is false when
// nothing happened to the process.
func (s *stage) play(name string, n int, what mishap) bool {
	s.t.Helper()
	s.what.Name = name
	s.furnish(20 * day)
	old := s.held()
	m := mortal(s.t, n, what)
	for _, pause := range pauses {
		p := s.start(m)
		p.tick()
		s.works()
		s.sim.World.Advance(pause)
		if hit, dead := m.state(); hit && dead {
			m = immortal(s.t)
			m.hit = true
		}
	}
	if got, want := s.registered(), sorted("foreign", s.mark()); !slices.Equal(got, want) {
		s.t.Fatalf("call %d, %s: the registration holds %q, want %q", n, what, got, want)
	}
	if now := s.held(); now.Value.Equal(old.Value) || now.Expires.Sub(s.sim.World.Now()) < 150*day {
		s.t.Fatalf("call %d, %s: still the old one, or one that ends soon: %v", n, what, now.Expires)
	}
	hit, _ := m.state()
	return hit
}

func sorted(names ...string) []string {
	slices.Sort(names)
	return names
}
