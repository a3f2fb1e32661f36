package watchdog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// house is a watchdog over a ledger in memory, with a queue that can be away.
type house struct {
	*watchdog.Watchdog
	ledger  *ledgertest.Memory
	log     bytes.Buffer
	stalled int // how often connections were to be raised

	mu   sync.Mutex
	now  time.Time
	told []string // "opened self_check|daily"
	away error
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{now: noon}
	h.ledger = ledgertest.NewMemory(h.clock)
	h.Watchdog = h.process()
	return h
}

// process is another process over the same ledger.
func (h *house) process() *watchdog.Watchdog {
	return watchdog.New(watchdog.Deps{
		Ledger: h.ledger, Announce: h.announce, Now: h.clock, Log: slog.New(slog.NewTextHandler(&h.log, nil)),
		RaiseStalled: func(context.Context) error { h.stalled++; return nil },
	})
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) announce(ctx context.Context) (int, error) {
	if h.away != nil {
		return 0, h.away
	}
	events, err := h.ledger.Unannounced(ctx, 0)
	if err != nil {
		return 0, err
	}
	for _, e := range events {
		h.told = append(h.told, e.Type+" "+e.Finding.Key)
	}
	return len(events), h.ledger.MarkAnnounced(ctx, events)
}

// round is what SuperviseRuns does at its end.
func (h *house) round(t *testing.T) {
	t.Helper()
	if err := errors.Join(h.Alive(t.Context(), watchdog.SuperviseRuns), h.Round(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// well makes every function heard of.
func (h *house) well(t *testing.T) {
	t.Helper()
	for _, name := range []string{watchdog.SuperviseRuns, watchdog.RotateRefreshTokens, watchdog.EnqueueCustomers} {
		if err := h.Alive(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *house) look(t *testing.T, dog *watchdog.Watchdog) string {
	t.Helper()
	silent, err := dog.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, s := range silent {
		parts = append(parts, s.Part)
	}
	return strings.Join(parts, " ")
}

func (h *house) open(t *testing.T) []string {
	t.Helper()
	rows, err := h.ledger.OpenFindings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range rows {
		keys = append(keys, r.Key)
		if r.Customer != watchdog.Self {
			t.Errorf("finding %s is at %q", r.Key, r.Customer)
		}
	}
	return keys
}

// TestADeadTimerIsNoticedElsewhere: supervision stops; a queue job notices,
// says so once, and supervision's own return ends it.
func TestADeadTimerIsNoticedElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.round(t)
	h.well(t)
	jobs := h.process()
	for range 30 { // 90 minutes of customer jobs
		h.wait(3 * time.Minute)
		jobs.Glance(t.Context())
	}
	if got := h.open(t); !slices.Equal(got, []string{"silence|SuperviseRuns"}) {
		t.Errorf("open: %v", got)
	}
	if got := h.look(t, h.process()); got != "SuperviseRuns" {
		t.Errorf("another process sees %q silent", got)
	}
	if n := strings.Count(h.log.String(), "level=ERROR"); n != 2 {
		t.Errorf("%d error lines of two processes: %s", n, &h.log)
	}
	if want := []string{"opened silence|SuperviseRuns"}; !slices.Equal(h.told, want) {
		t.Errorf("told %v, want %v", h.told, want)
	}
	h.told = nil
	h.round(t)
	if len(h.open(t)) != 1 || !slices.Contains(h.told, "closed silence|SuperviseRuns") { // the self-check is open
		t.Errorf("after the return: open %v, told %v", h.open(t), h.told)
	}
	h.wait(3 * time.Minute)
	jobs.Glance(t.Context())
	if !strings.Contains(h.log.String(), "heard of again") {
		t.Errorf("log: %s", &h.log)
	}
}

func TestLooksAreKeptAndReminded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.round(t)
	h.wait(5 * time.Hour)
	reads := 0
	h.ledger.SetHook(func(phase ledgertest.Phase, method string) error {
		if phase == ledgertest.Before && method == "Heartbeats" {
			reads++
		}
		return nil
	})
	dog := h.process()
	for range 100 {
		dog.Glance(t.Context())
		h.look(t, dog)
	}
	if reads != 1 {
		t.Errorf("%d reads for 200 looks within three minutes", reads)
	}
	for range 10 {
		h.wait(time.Hour)
		h.look(t, dog)
	}
	if n := strings.Count(h.log.String(), "part=RotateRefreshTokens"); n != 2 {
		t.Errorf("%d reminders in ten hours, want one each six hours", n)
	}
}

func TestAStalledConnectionIsRaised(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.round(t)
	if err := h.ledger.PutConnection(t.Context(), ledger.Connection{ID: conn, RotatedAt: noon.Add(-80 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	h.wait(10 * time.Minute)
	h.well(t)
	if got := h.look(t, h.process()); got != "rotation" || h.stalled != 1 {
		t.Errorf("silent %q, raised %d times", got, h.stalled)
	}
}

// TestTheSelfCheckRingsOnceADay over five days of rounds.
func TestTheSelfCheckRingsOnceADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for h.clock().Before(noon.Add(time.Hour)) {
		h.well(t)
		h.round(t)
		h.wait(5 * time.Minute)
	}
	if len(h.told) != 0 || len(h.open(t)) != 0 {
		t.Fatalf("in the first hour: told %v, open %v", h.told, h.open(t))
	}
	for h.clock().Before(noon.Add(5 * 24 * time.Hour)) {
		h.well(t)
		h.round(t)
		h.wait(5 * time.Minute)
	}
	var want []string
	for range 5 {
		want = append(want, "opened self_check|daily", "closed self_check|daily")
	}
	if !slices.Equal(h.told, want) || len(h.open(t)) != 0 {
		t.Errorf("told %v, open %v", h.told, h.open(t))
	}
	beats, err := h.ledger.Heartbeats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := watchdog.SelfCheckOf(beats)
	if s.Closed.Sub(s.Opened) != 5*time.Minute || !s.Announced.Equal(s.Closed) {
		t.Errorf("self-check %+v", s)
	}
}

// TestASilentAlarmIsNoticed: the queue takes nothing, so no event goes out; the
// next looks say that findings are silent, and later everything is sent.
func TestASilentAlarmIsNoticed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.round(t)
	h.away = errors.New("queue is away")
	for range 27 * 12 {
		h.wait(5 * time.Minute)
		h.well(t)
		_ = h.Round(t.Context()) // fails whenever there is something to send
	}
	silent, err := h.process().Look(t.Context())
	if len(silent) != 1 || silent[0].Part != watchdog.Findings || err == nil {
		t.Errorf("silent %+v, %v", silent, err)
	}
	h.away = nil
	h.wait(5 * time.Minute)
	h.round(t)
	h.wait(5 * time.Minute)
	h.round(t)
	if len(h.open(t)) != 0 || !slices.Contains(h.told, "opened silence|findings") || !slices.Contains(h.told, "closed self_check|daily") {
		t.Errorf("open %v, told %v", h.open(t), h.told)
	}
}

// TestACrashedSelfCheckIsCompleted: whichever call fails, the next rounds open
// and close it once.
func TestACrashedSelfCheckIsCompleted(t *testing.T) {
	t.Parallel()
	for _, phase := range []ledgertest.Phase{ledgertest.Before, ledgertest.After} {
		for _, method := range []string{"Heartbeats", "Beat", "Connections", "Reconcile", "MarkAnnounced"} {
			t.Run(string(phase)+" "+method, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				h.well(t)
				h.round(t)
				h.wait(time.Hour)
				h.well(t)
				h.ledger.FailOnce(phase, method, errors.New("crash"))
				if h.Round(t.Context()) == nil {
					t.Fatal("the crash went unnoticed")
				}
				for range 4 {
					h.wait(5 * time.Minute)
					h.round(t)
				}
				told := slices.Compact(slices.Clone(h.told)) // at least once, same key
				if want := []string{"opened self_check|daily", "closed self_check|daily"}; !slices.Equal(told, want) || len(h.open(t)) != 0 {
					t.Errorf("told %v, open %v", h.told, h.open(t))
				}
			})
		}
	}
}

func TestALedgerThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	asked := 0
	h.ledger.SetHook(func(ledgertest.Phase, string) error {
		asked++
		return errors.New("table is away")
	})
	for range 50 {
		h.Glance(t.Context())
	}
	if _, err := h.Look(t.Context()); err == nil || asked != 1 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	if n := strings.Count(h.log.String(), "level=WARN"); n != 1 {
		t.Errorf("log: %s", &h.log)
	}
}

func TestManyCallersShareOneLook(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.round(t)
	h.wait(2 * time.Hour)
	dog := h.process()
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			dog.Glance(t.Context())
			if _, err := dog.Look(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(h.log.String(), "part=SuperviseRuns"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}
