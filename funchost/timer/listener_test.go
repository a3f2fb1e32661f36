package timer_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/samkeeper/samkeeper/funchost/schedule"
	"github.com/samkeeper/samkeeper/funchost/timer"
)

// memory is a status store for bubbles, where no network may be used.
type memory struct {
	mu     sync.Mutex
	status *schedule.Status
	fault  error
}

func (m *memory) Load(context.Context) (*schedule.Status, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status, m.fault
}

func (m *memory) Save(_ context.Context, s schedule.Status) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status = &s
	return m.fault
}

// firing is one run as the function saw it.
type firing struct {
	at  time.Time
	run timer.Run
}

// play listens for a while of virtual time; each run takes as long as given.
func play(t *testing.T, change func(*timer.Config), takes, during time.Duration) []firing {
	t.Helper()
	hourly, err := schedule.Parse("0 0 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	var fired []firing
	cfg := timer.Config{
		Function: "F", Schedule: hourly, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Fire: func(_ context.Context, run timer.Run) {
			fired = append(fired, firing{time.Now().UTC(), run})
			time.Sleep(takes) // virtual
		},
	}
	change(&cfg)
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	timer.Listen(ctx, t.Context(), cfg)
	return fired
}

// start is the bubble's first instant: 2000-01-01 00:00:00 UTC.
func start() time.Time { return time.Now().UTC() }

func TestRegularRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, begin := &memory{}, start()
		fired := play(t, func(c *timer.Config) { c.Store = store }, time.Minute, 150*time.Minute)
		if len(fired) != 2 {
			t.Fatalf("%d runs, want 2", len(fired))
		}
		for i, f := range fired {
			due := begin.Add(time.Duration(i+1) * time.Hour)
			if !f.at.Equal(due) || f.run.PastDue || !f.run.Status.Next.Equal(due) {
				t.Errorf("run %d at %s: %+v", i, f.at, f.run)
			}
		}
		if !fired[0].run.Status.Last.IsZero() || !fired[1].run.Status.Last.Equal(begin.Add(time.Hour)) {
			t.Error("Last is the previous run, zero before the first")
		}
		if !store.status.Next.Equal(begin.Add(3 * time.Hour)) {
			t.Error("stored:", store.status)
		}
	})
}

func TestPastDueRunsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := start()
		last := begin.Add(-5 * time.Hour)
		store := &memory{status: &schedule.Status{Last: last, Next: last.Add(time.Hour), LastUpdated: last}}
		fired := play(t, func(c *timer.Config) { c.Store, c.RunOnStartup = store, true }, 0, 30*time.Minute)
		if len(fired) != 1 || !fired[0].run.PastDue || !fired[0].at.Equal(begin) || !fired[0].run.Status.Next.Equal(last.Add(time.Hour)) {
			t.Errorf("runs: %+v", fired)
		}
		if !store.status.Next.Equal(begin.Add(time.Hour)) {
			t.Error("stored:", store.status)
		}
	})
}

func TestRunOnStartupIsNotPastDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fired := play(t, func(c *timer.Config) { c.Store, c.RunOnStartup = &memory{}, true }, 0, 30*time.Minute)
		if len(fired) != 1 || fired[0].run.PastDue {
			t.Errorf("runs: %+v", fired)
		}
	})
}

func TestNoOverlapAndNoQueueOfMissedRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := start()
		fired := play(t, func(c *timer.Config) { c.Store = &memory{} }, 150*time.Minute, 4*time.Hour)
		// 01:00 runs until 03:30; 02:00 and 03:00 passed: one run at 03:30.
		want := []time.Duration{60 * time.Minute, 210 * time.Minute}
		if len(fired) != len(want) {
			t.Fatalf("runs: %+v", fired)
		}
		for i, after := range want {
			if !fired[i].at.Equal(begin.Add(after)) || fired[i].run.PastDue {
				t.Errorf("run %d at %s", i, fired[i].at.Sub(begin))
			}
		}
	})
}

func TestWithoutMonitorThereIsNoStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fired := play(t, func(*timer.Config) {}, 0, 90*time.Minute)
		if len(fired) != 1 || fired[0].run.Status != nil {
			t.Errorf("runs: %+v", fired)
		}
	})
}

func TestBrokenStoreDoesNotStopTheTimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fired := play(t, func(c *timer.Config) { c.Store = &memory{fault: errors.New("down")} }, 0, 150*time.Minute)
		if len(fired) != 2 {
			t.Errorf("runs: %+v", fired)
		}
	})
}

func TestMovedClockIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		ahead := time.Duration(0)
		clock := func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(ahead)
		}
		time.AfterFunc(time.Minute, func() {
			mu.Lock()
			defer mu.Unlock()
			ahead = 2 * time.Hour
		})
		fired := play(t, func(c *timer.Config) { c.Now = clock }, 0, 2*time.Minute)
		if len(fired) != 1 {
			t.Errorf("runs: %+v", fired)
		}
	})
}
