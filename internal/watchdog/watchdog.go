package watchdog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
)

const (
	// keptFor is how long a process believes its last look.
	keptFor = 3 * time.Minute
	// doubtedFor is how long it leaves a ledger alone that did not answer.
	doubtedFor = 30 * time.Second
	// remindEvery lies between two log lines about the same silence.
	remindEvery = 6 * time.Hour
	// lookTimeout bounds one look.
	lookTimeout = 10 * time.Second
)

// Ledger is what is read and raised; *ledger.Ledger is one.
type Ledger interface {
	Beat(ctx context.Context, at time.Time, names ...string) error
	Heartbeats(ctx context.Context) (map[string]time.Time, error)
	Connections(ctx context.Context) ([]ledger.Connection, error)
	Reconcile(ctx context.Context, run string, customer sam.CustomerID, task string, now []sam.Finding, at time.Time) ([]ledger.Event, error)
}

// Deps are the neighbours of a Watchdog; Ledger and Announce are required.
type Deps struct {
	Ledger Ledger
	// Announce sends the events that were not sent yet and counts them.
	Announce func(context.Context) (int, error)
	// RaiseStalled puts the problem on connections that are not rotated. nil
	// means that nobody does.
	RaiseStalled func(context.Context) error
	Now          func() time.Time // nil means time.Now
	Log          *slog.Logger     // nil means no log
}

// Watchdog looks for silence. It is safe for concurrent use, by many processes
// at once.
type Watchdog struct {
	Deps

	mu     sync.Mutex // held while looking: callers share one look
	silent []Silence
	err    error
	until  time.Time
	logged map[string]time.Time // by part: when its silence was last logged
}

// New makes a watchdog.
func New(d Deps) *Watchdog {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.RaiseStalled == nil {
		d.RaiseStalled = func(context.Context) error { return nil }
	}
	return &Watchdog{Deps: d, logged: map[string]time.Time{}}
}

// Alive writes the heartbeat of a function whose work has succeeded.
func (w *Watchdog) Alive(ctx context.Context, function string) error {
	return w.Ledger.Beat(ctx, w.Now(), function)
}

// Look says what is silent, as of three minutes ago at most, and raises it. The
// error is that of reading or of raising; with it come the parts that could be
// told all the same.
func (w *Watchdog) Look(ctx context.Context) ([]Silence, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refresh(ctx)
	return slices.Clone(w.silent), w.err
}

// Glance is Look for a path that has other work to do: it waits for nobody who
// is looking already, and what goes wrong is logged.
func (w *Watchdog) Glance(ctx context.Context) {
	if !w.mu.TryLock() {
		return
	}
	defer w.mu.Unlock()
	if w.refresh(ctx) && w.err != nil {
		w.Log.WarnContext(ctx, "the watchdog could not look", slog.String("error", w.err.Error()))
	}
}

// refresh looks unless the last look still counts, and says whether it did. A
// caller that hangs up must not leave a wrong answer for the others.
func (w *Watchdog) refresh(ctx context.Context) bool {
	now := w.Now()
	if now.Before(w.until) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	beats, connections, err := w.read(ctx, now)
	if err != nil {
		w.err, w.until = err, now.Add(doubtedFor)
		return true
	}
	w.silent, w.until = Judge(now, beats, connections), now.Add(keptFor)
	w.err = nil
	w.remind(ctx, now)
	if len(w.silent) > 0 {
		w.err = w.raise(ctx, now)
	}
	return true
}

// Round is the watchdog's part of a supervision round: the self-check, and an
// end to the findings of what is heard of again.
func (w *Watchdog) Round(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	beats, connections, err := w.read(ctx, now)
	if err != nil {
		return err
	}
	w.silent, w.err, w.until = Judge(now, beats, connections), nil, now.Add(keptFor)
	w.remind(ctx, now)
	return errors.Join(w.selfCheck(ctx, now, beats), w.raise(ctx, now))
}

// read reads what a judgement needs; the first look ever begins the watch.
func (w *Watchdog) read(ctx context.Context, now time.Time) (map[string]time.Time, []ledger.Connection, error) {
	beats, err := w.Ledger.Heartbeats(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("watchdog: %w", err)
	}
	if beats[began].IsZero() {
		if err := w.Ledger.Beat(ctx, now, began); err != nil {
			return nil, nil, fmt.Errorf("watchdog: %w", err)
		}
		beats[began] = now
	}
	connections, err := w.Ledger.Connections(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("watchdog: %w", err)
	}
	return beats, connections, nil
}

// raise makes the findings of Self those of now and tells of changes.
func (w *Watchdog) raise(ctx context.Context, now time.Time) error {
	findings := make([]sam.Finding, len(w.silent))
	var stalled error
	for i, s := range w.silent {
		findings[i] = s.finding()
		if s.Part == Rotation {
			stalled = w.RaiseStalled(ctx)
		}
	}
	unsent, err := w.Ledger.Reconcile(ctx, "", Self, TaskWatchdog, findings, now)
	if err == nil && len(unsent) > 0 {
		_, err = w.Announce(ctx)
	}
	if err = errors.Join(stalled, err); err != nil {
		return fmt.Errorf("raise silence: %w", err)
	}
	return nil
}

// remind logs each silence once per interval, and once when it is over.
func (w *Watchdog) remind(ctx context.Context, now time.Time) {
	for _, s := range w.silent {
		if last, ok := w.logged[s.Part]; ok && now.Sub(last) < remindEvery {
			continue
		}
		w.logged[s.Part] = now
		w.Log.ErrorContext(ctx, "a part of samkeeper is silent",
			slog.String("part", s.Part), slog.Time("since", s.Since), slog.String("problem", s.Plain), slog.String("fix", s.Fix))
	}
	for part := range w.logged {
		if !slices.ContainsFunc(w.silent, func(s Silence) bool { return s.Part == part }) {
			delete(w.logged, part)
			w.Log.InfoContext(ctx, "a part of samkeeper is heard of again", slog.String("part", part))
		}
	}
}

func (s Silence) finding() sam.Finding {
	return sam.Finding{
		Customer: Self, Task: TaskWatchdog, Kind: KindSilence, Key: KindSilence + "|" + s.Part, Severity: sam.Critical,
		Title: s.Part + " is silent", Detail: s.Plain + " " + s.Fix, Since: s.Since,
	}
}
