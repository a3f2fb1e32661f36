package watchdog

import (
	"context"
	"fmt"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

// Self stands for samkeeper where a finding names a customer. No tenant has
// this id.
const Self sam.CustomerID = "self"

// The tasks of Self, and the kinds of its findings.
const (
	TaskSelfCheck = "self_check"
	TaskWatchdog  = "watchdog"
	KindSelfCheck = "self_check"
	KindSilence   = "silence"
)

// The heartbeats of the self-check.
const (
	selfCheckOpened    = "self_check_opened"
	selfCheckClosed    = "self_check_closed"
	selfCheckAnnounced = "self_check_announced"
)

// When the self-check happens, and how long its events may fail to be sent.
const (
	selfCheckEvery  = 24 * time.Hour
	firstSelfCheck  = time.Hour // after the watch began
	announcedWithin = 26 * time.Hour
)

// SelfCheck is where the self-check stands; zero times mean "never".
type SelfCheck struct {
	Opened, Closed time.Time // the last of each
	Announced      time.Time // when all its events so far were last sent
}

// SelfCheckOf reads the self-check from the heartbeats.
func SelfCheckOf(beats map[string]time.Time) SelfCheck {
	return SelfCheck{Opened: beats[selfCheckOpened], Closed: beats[selfCheckClosed], Announced: beats[selfCheckAnnounced]}
}

// step is what a round does about the self-check.
type step int

const (
	rest step = iota
	open
	closing
	announce // its last events were not sent yet
)

// next is pure. An opening in the future was written by a wrong clock and does
// not count.
func next(now time.Time, beats map[string]time.Time) step {
	s, start := SelfCheckOf(beats), beats[began]
	switch {
	case s.Opened.After(s.Closed):
		return closing
	case s.Opened.After(now), !s.Opened.IsZero() && now.Sub(s.Opened) >= selfCheckEvery:
		return open
	case s.Opened.IsZero() && !start.IsZero() && now.Sub(start) >= firstSelfCheck:
		return open
	case latest(s.Opened, s.Closed).After(s.Announced):
		return announce
	}
	return rest
}

// selfCheck makes the next step, over the way every finding takes. Each may be
// repeated after a crash: an open finding is not opened again, and events wait
// in the ledger until they are sent.
func (w *Watchdog) selfCheck(ctx context.Context, now time.Time, beats map[string]time.Time) error {
	var err error
	switch next(now, beats) {
	case rest:
		return nil
	case open:
		err = w.move(ctx, now, selfCheckOpened, []sam.Finding{selfCheckFinding()})
	case closing:
		err = w.move(ctx, now, selfCheckClosed, nil)
	case announce:
	}
	if err == nil {
		_, err = w.Announce(ctx)
	}
	if err == nil {
		err = w.Ledger.Beat(ctx, now, selfCheckAnnounced)
	}
	if err != nil {
		return fmt.Errorf("self-check: %w", err)
	}
	return nil
}

func (w *Watchdog) move(ctx context.Context, now time.Time, beat string, findings []sam.Finding) error {
	if _, err := w.Ledger.Reconcile(ctx, "", Self, TaskSelfCheck, findings, now); err != nil {
		return err
	}
	return w.Ledger.Beat(ctx, now, beat)
}

func selfCheckFinding() sam.Finding {
	return sam.Finding{
		Customer: Self, Task: TaskSelfCheck, Kind: KindSelfCheck, Key: KindSelfCheck + "|daily", Severity: sam.Low,
		Title:  "Daily self-check: nothing is wrong",
		Detail: "samkeeper opens this once a day and closes it minutes later, to prove that the alarm works. Close it without a person; call one when none came for a day.",
	}
}
