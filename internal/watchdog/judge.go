package watchdog

import (
	"fmt"
	"slices"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
)

// The parts that can fall silent. The first three are functions and the names
// of their heartbeats.
const (
	SuperviseRuns       = "SuperviseRuns"
	RotateRefreshTokens = "RotateRefreshTokens"
	EnqueueCustomers    = "EnqueueCustomers"
	Rotation            = "rotation" // a connection's own, whatever its timer does
	Findings            = "findings" // the queue of events
)

// began is the heartbeat of the first look ever.
const began = "watch_began"

// StalledAfter is how long a connection's rotation may fail to happen: it is
// due daily, and three missed days still leave weeks before the token dies.
const StalledAfter = 72 * time.Hour

// StalledCode is the code of the problem of a connection that is not rotated.
const StalledCode = "RotationStalled"

// Silence is a part that gives no sign of life.
type Silence struct {
	Part  string    `json:"part"`
	Since time.Time `json:"since"` // its last sign of life, or when the watch began
	Plain string    `json:"plain"` // one sentence: what is silent
	Fix   string    `json:"fix"`   // one sentence: where to look
}

// timers are the functions that must be heard of: several missed turns each.
var timers = []struct {
	name string
	most time.Duration
	cost string
}{
	{SuperviseRuns, time.Hour, "runs are not closed and findings may not be announced"},
	{RotateRefreshTokens, 4 * time.Hour, "refresh tokens are not renewed"},
	{EnqueueCustomers, 13 * time.Hour, "customers are not visited"},
}

// Judge says which parts are silent: pure, over the heartbeats and connections
// of the ledger. While the watch has not begun nothing is.
func Judge(now time.Time, beats map[string]time.Time, connections []ledger.Connection) []Silence {
	start, watching := beats[began]
	if !watching {
		return nil
	}
	var silent []Silence
	for _, timer := range timers {
		if last := latest(beats[timer.name], start); now.Sub(last) > timer.most {
			silent = append(silent, Silence{
				Part: timer.name, Since: last,
				Plain: fmt.Sprintf("The function %s has not finished its work since %s: %s.", timer.name, stamp(last), timer.cost),
				Fix:   "Check that the function is enabled, what its last invocations logged, and that the app can reach its storage account.",
			})
		}
	}
	if s, ok := judgeRotation(now, connections); ok {
		silent = append(silent, s)
	}
	if last := latest(beats[selfCheckAnnounced], start); now.Sub(last) > announcedWithin {
		silent = append(silent, Silence{
			Part: Findings, Since: last,
			Plain: fmt.Sprintf("No self-check could be announced since %s: findings may open without anybody being told.", stamp(last)),
			Fix:   "Check that SuperviseRuns runs and that the app may write to the queue findings.",
		})
	}
	return silent
}

// judgeRotation looks for connections that nobody rotates and nobody complains
// about: one with another problem is not silent.
func judgeRotation(now time.Time, connections []ledger.Connection) (Silence, bool) {
	stalled := slices.DeleteFunc(slices.Clone(connections), func(c ledger.Connection) bool {
		_, yes := Stalled(now, c)
		return !yes || c.Problem != nil && c.Problem.Code != StalledCode
	})
	if len(stalled) == 0 {
		return Silence{}, false
	}
	oldest, _ := Stalled(now, stalled[0])
	for _, c := range stalled {
		if last, _ := Stalled(now, c); last.Before(oldest) {
			oldest = last
		}
	}
	return Silence{
		Part: Rotation, Since: oldest,
		Plain: fmt.Sprintf("%d connections have not been rotated for more than three days, the longest since %s.", len(stalled), stamp(oldest)),
		Fix:   "Look at the connections on the status page; check that RotateRefreshTokens runs and what it logged.",
	}, true
}

// Stalled says when a connection was last renewed, by rotation or consent, and
// whether that is too long ago. One that is switched off never stalls.
func Stalled(now time.Time, c ledger.Connection) (last time.Time, yes bool) {
	last = latest(c.RotatedAt, c.ConsentedAt)
	return last, !c.Disabled && now.Sub(last) > StalledAfter
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
