package rotation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/vault"
)

// callsOfASweep is what one sweep over a seasoned world does, in order.
func callsOfASweep(t *testing.T) []string {
	t.Helper()
	w, _ := seasoned(t)
	m := &machine{}
	if _, err := rotation.New(w.deps(m)).RotateDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantHealthy(t)
	return m.names
}

func TestTheStepsAreThoseOfTheLaw(t *testing.T) {
	t.Parallel()
	want := []string{
		"ledger.Connections", "vault.Connections",
		"Acquire", "Connection", "Current", "Versions", // lease, read
		"Record intent", "Redeem", // intent, redeem
		"Renew", "Current", "Put", "At", "Versions", // still ours, write, read back, give way
		"Redeem", "Record outcome", "Disable", // prove, outcome, retire
		"Connection", "PutConnection", "Release", // status, release
	}
	if got := callsOfASweep(t); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// forEachLoss runs f once per remote call and way to lose it.
func forEachLoss(t *testing.T, f func(t *testing.T, at int, answer bool)) {
	t.Helper()
	for i, name := range callsOfASweep(t) {
		for _, answer := range []bool{false, true} {
			what := "request"
			if answer {
				what = "answer"
			}
			t.Run(fmt.Sprintf("%02d %s %s lost", i+1, name, what), func(t *testing.T) {
				t.Parallel()
				f(t, i+1, answer)
			})
		}
	}
}

// watch checks the invariant, and that no version ever goes, after every call.
func watch(t *testing.T, w *world, m *machine) *machine {
	t.Helper()
	seen := 0
	m.afterAny = func(n int, name string) {
		w.wantUsable(t, fmt.Sprintf("after call %d (%s)", n, name))
		now := len(w.versions(t))
		if now < seen {
			t.Errorf("after call %d (%s) the vault has %d versions, had %d", n, name, now, seen)
		}
		seen = now
	}
	return m
}

func TestACrashAtAnyStepLosesNothing(t *testing.T) {
	t.Parallel()
	forEachLoss(t, func(t *testing.T, at int, answer bool) {
		t.Helper()
		w, _ := seasoned(t)
		_, _ = rotation.New(w.deps(watch(t, w, &machine{failAt: at, answer: answer}))).RotateDue(t.Context())
		w.wantUsable(t, "after the crash")
		if v := w.current(t, connection); !w.entra.accepts(v.Token) {
			t.Error("the current version cannot be redeemed after the crash")
		}

		w.wait(2 * time.Minute) // the dead process's lease ends
		report, err := rotation.New(w.deps(watch(t, w, &machine{}))).RotateDue(t.Context())
		if err != nil || report.Count(rotation.Failed) != 0 {
			t.Fatalf("restart: %+v, %v", report, err)
		}
		w.wantHealthy(t)
		if len(w.raised) != 0 {
			t.Errorf("a person was called: %+v", w.raised)
		}
	})
}

func TestALostCallAtAnyStepIsMadeGood(t *testing.T) {
	t.Parallel()
	forEachLoss(t, func(t *testing.T, at int, answer bool) {
		t.Helper()
		w, _ := seasoned(t)
		_, _ = rotation.New(w.deps(watch(t, w, &machine{failAt: at, answer: answer, recovers: true}))).RotateDue(t.Context())
		w.wantUsable(t, "after the loss")

		w.wait(rotation.Delay(1)) // the first wait of the table
		if _, err := rotation.New(w.deps(watch(t, w, &machine{}))).RotateDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wantHealthy(t)
		if len(w.raised) != 0 {
			t.Errorf("a person was called: %+v", w.raised)
		}
	})
}

// A consent lands before the n-th call; the process dies at the m-th, or not
// at all. In the end the newer grant is the one in use, whether the vault's
// clock separates the events or not, and also if the older grant is revoked by
// the new sign-in.
func TestAConsentAtAnyStepWins(t *testing.T) {
	t.Parallel()
	steps := len(callsOfASweep(t))
	for tick, revoked := range map[time.Duration]bool{0: false, 3 * time.Second: true} {
		for lands := 1; lands <= steps; lands++ {
			t.Run(fmt.Sprintf("tick %s, old grant revoked %t, lands before %02d", tick, revoked, lands), func(t *testing.T) {
				t.Parallel()
				consentDuring(t, tick, revoked, lands, 0, false)
				for dies := lands; dies <= steps+2; dies++ { // giving way takes two calls more
					consentDuring(t, tick, revoked, lands, dies, false)
					consentDuring(t, tick, revoked, lands, dies, true)
				}
			})
		}
	}
}

func consentDuring(t *testing.T, tick time.Duration, revoked bool, lands, dies int, answer bool) {
	t.Helper()
	w, old := seasoned(t)
	var young *grant
	m := watch(t, w, &machine{failAt: dies, answer: answer})
	m.beforeAny = func(n int, _ string) {
		w.wait(tick)
		if n == lands {
			old.revoked = revoked
			young = w.consent(t, connection)
			w.wait(tick)
		}
	}
	_, _ = rotation.New(w.deps(m)).RotateDue(t.Context())
	if young == nil {
		return // the process died before
	}
	if v := w.current(t, connection); dies == 0 && w.entra.grantOf(v.Token) != young {
		t.Errorf("the rotation that saw the consent left the older grant in use; calls %q", m.names)
	}
	w.wait(2 * time.Hour)
	report, err := w.rotator().RotateDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := w.current(t, connection)
	if w.entra.grantOf(v.Token) != young || !w.entra.accepts(v.Token) {
		t.Errorf("dies at %d (answer %t): the older grant is in use; calls %q, then %+v", dies, answer, m.names, report.Results)
	}
	if kept := enabledConsents(w.versions(t)); kept == 0 && v.Source == vault.SourceConsent {
		t.Errorf("dies at %d: the consent was disabled", dies)
	}
}

func enabledConsents(all []vault.Version) int {
	n := 0
	for _, v := range all {
		if v.Enabled && v.Source == vault.SourceConsent {
			n++
		}
	}
	return n
}

// A second rotator comes by before the n-th call of the first, which still has
// its lease, or has been asleep for longer than a lease lasts.
func TestTwoRotatorsDoNotHarmEachOther(t *testing.T) {
	t.Parallel()
	steps := len(callsOfASweep(t))
	for _, asleep := range []bool{false, true} {
		for at := 1; at <= steps; at++ {
			t.Run(fmt.Sprintf("asleep %t, before %02d", asleep, at), func(t *testing.T) {
				t.Parallel()
				w, _ := seasoned(t)
				m := watch(t, w, &machine{})
				var second rotation.Report
				m.beforeAny = func(n int, _ string) {
					if n != at {
						return
					}
					if asleep {
						w.wait(2 * time.Minute)
					}
					second, _ = w.rotator().RotateDue(t.Context())
				}
				first, err := rotation.New(w.deps(m)).RotateDue(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if n := first.Count(rotation.Rotated) + second.Count(rotation.Rotated); n == 0 {
					t.Errorf("neither rotated: %+v and %+v", first.Results, second.Results)
				}
				if len(w.raised) != 0 {
					t.Errorf("a person was called: %+v", w.raised)
				}
				w.wait(2 * time.Hour)
				if _, err := w.rotator().RotateDue(t.Context()); err != nil {
					t.Fatal(err)
				}
				if v := w.current(t, connection); !w.entra.accepts(v.Token) {
					t.Error("the current version cannot be redeemed")
				}
			})
		}
	}
}
