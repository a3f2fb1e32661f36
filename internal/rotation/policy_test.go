package rotation_test

import (
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/rotation"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const day = 24 * time.Hour

// healthy is a connection that was rotated the given time ago.
func healthy(now time.Time, ago time.Duration) ledger.Connection {
	at := now.Add(-ago)
	return ledger.Connection{
		ID: connection, ConsentedAt: at.Add(-30 * day),
		RedeemedAt: at, RotatedAt: at, ProvedAt: at, Expires: at.Add(90 * day),
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 21, 30, 0, 0, time.UTC)
	jitter := rotation.Jitter(connection)
	with := func(c ledger.Connection, change func(*ledger.Connection)) ledger.Connection {
		change(&c)
		return c
	}
	problem := func(class sam.Class) *ledger.ConnectionProblem { return &ledger.ConnectionProblem{Class: class} }
	tests := []struct {
		name   string
		c      ledger.Connection
		due    bool
		reason string
		next   time.Time
	}{
		{name: "never heard of", c: ledger.Connection{ID: connection}, due: true, reason: "never proved"},
		{name: "fresh consent", c: ledger.Connection{ID: connection, ConsentedAt: now, Expires: now.Add(90 * day)}, due: true, reason: "never proved"},
		{name: "just rotated", c: healthy(now, 0), reason: "rotated and proved", next: now.Add(day + jitter)},
		{name: "a second too early", c: healthy(now, day+jitter-time.Second), reason: "rotated and proved", next: now.Add(time.Second)},
		{name: "on the second", c: healthy(now, day+jitter), due: true, reason: "last rotated " + (day + jitter).Truncate(time.Minute).String() + " ago"},
		{name: "timer stood still for a month", c: healthy(now, 30*day), due: true, reason: "last rotated 720h0m0s ago"},
		{name: "44 days left", c: with(healthy(now, time.Hour), func(c *ledger.Connection) { c.Expires = now.Add(45*day - time.Second) }), due: true, reason: "only 44 days left"},
		{name: "45 days left", c: with(healthy(now, time.Hour), func(c *ledger.Connection) { c.Expires = now.Add(45 * day) }), reason: "rotated and proved", next: now.Add(23*time.Hour + jitter)},
		{name: "expired", c: with(healthy(now, time.Hour), func(c *ledger.Connection) { c.Expires = now.Add(-day) }), due: true, reason: "only -1 days left"},
		{name: "last attempt failed", c: with(healthy(now, time.Hour), func(c *ledger.Connection) { c.Problem = problem(sam.ClassRetry) }), due: true, reason: "the last attempt failed"},
		{name: "waiting", c: with(healthy(now, 3*day), func(c *ledger.Connection) {
			c.Problem, c.Attempts, c.NextAttempt = problem(sam.ClassRetry), 3, now.Add(time.Hour)
		}), reason: "waiting after 3 failed attempts", next: now.Add(time.Hour)},
		{name: "waited long enough", c: with(healthy(now, 3*day), func(c *ledger.Connection) {
			c.Problem, c.NextAttempt = problem(sam.ClassCredential), now
		}), due: true, reason: "the last attempt failed"},
		{name: "a wait no table contains", c: with(healthy(now, 3*day), func(c *ledger.Connection) {
			c.Problem, c.NextAttempt = problem(sam.ClassRetry), now.AddDate(4, 0, 0)
		}), due: true, reason: "the last attempt failed"},
		{name: "refused, probed today", c: with(healthy(now, 3*day), func(c *ledger.Connection) {
			c.Problem, c.Attempts, c.NextAttempt = problem(sam.ClassReconsent), 1, now.Add(time.Minute)
		}), reason: "waiting after 1 failed attempts", next: now.Add(time.Minute)},
		{name: "refused, probed yesterday", c: with(healthy(now, 3*day), func(c *ledger.Connection) {
			c.Problem, c.NextAttempt = problem(sam.ClassReconsent), now.Add(-time.Minute)
		}), due: true, reason: "daily probe of a refused token"},
		{name: "switched off", c: with(healthy(now, 80*day), func(c *ledger.Connection) { c.Disabled = true }), reason: "switched off by an operator"},
		{name: "switched off, never proved", c: ledger.Connection{ID: connection, Disabled: true}, reason: "switched off by an operator"},
		{name: "proved but never renewed", c: with(healthy(now, 2*day), func(c *ledger.Connection) { c.RotatedAt = time.Time{} }), due: true, reason: "last rotated 48h0m0s ago"},
		{name: "rotated by a clock that was ahead", c: healthy(now, -365*day), due: true, reason: "the last rotation lies in the future"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := rotation.Verdict{Due: tt.due, Reason: tt.reason, Next: tt.next}
			if got := rotation.Due(now, tt.c); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestDelayDoublesFromOneHourToThirtyTwo(t *testing.T) {
	t.Parallel()
	total := time.Duration(0)
	for failures, want := range map[int]time.Duration{-1: 1, 0: 1, 1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 32, 1 << 40: 32} {
		if got := rotation.Delay(failures); got != want*time.Hour {
			t.Errorf("after %d failures %s, want %s", failures, got, want*time.Hour)
		}
	}
	for failures := 1; failures <= 6; failures++ {
		total += rotation.Delay(failures)
	}
	if total != 63*time.Hour {
		t.Errorf("running total %s, the table's comments say 63 h", total)
	}
}

func TestJitterIsFixedPerConnectionAndSpread(t *testing.T) {
	t.Parallel()
	quarters := map[time.Duration]int{}
	for i := range 400 {
		id := connectionNumber(i)
		j := rotation.Jitter(id)
		if j < 0 || j >= rotation.MaxJitter {
			t.Fatalf("jitter of %s is %s", id, j)
		}
		if j != rotation.Jitter(id) {
			t.Fatalf("jitter of %s changes", id)
		}
		quarters[j/(rotation.MaxJitter/4)]++
	}
	for q := range time.Duration(4) {
		if n := quarters[q]; n < 60 || n > 140 {
			t.Errorf("quarter %d has %d of 400 connections", q, n)
		}
	}
}
