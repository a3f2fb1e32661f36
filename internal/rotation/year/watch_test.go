package year_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/ledger/ledgertest"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// rows is a ledger that keeps connections as they are, since a table that
// encodes them would cost more than the year itself; everything else is the
// ledger in memory. It watches problems come and go.
type rows struct {
	*ledgertest.Memory
	clock func() time.Time

	mu       sync.Mutex
	ids      []sam.ConnectionID
	byID     map[sam.ConnectionID]ledger.Connection
	raised   map[sam.ConnectionID]map[string]bool // codes told since the connection was last well
	told     map[string]int                       // by code
	opened   int
	closed   int
	mistakes []string
}

func newRows(clock func() time.Time) *rows {
	return &rows{
		Memory: ledgertest.NewMemory(clock), clock: clock, byID: map[sam.ConnectionID]ledger.Connection{},
		raised: map[sam.ConnectionID]map[string]bool{}, told: map[string]int{},
	}
}

func (r *rows) Connection(_ context.Context, id sam.ConnectionID) (ledger.Connection, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.byID[id]
	if !ok {
		return ledger.Connection{}, ledger.ErrAbsent
	}
	return c, nil
}

func (r *rows) Connections(context.Context) ([]ledger.Connection, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]ledger.Connection, len(r.ids))
	for i, id := range r.ids {
		all[i] = r.byID[id]
	}
	return all, nil
}

func (r *rows) PutConnection(_ context.Context, c ledger.Connection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(c)
	return nil
}

func (r *rows) ChangeConnection(_ context.Context, id sam.ConnectionID, change func(*ledger.Connection) bool) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.byID[id]
	if !ok {
		return false, ledger.ErrAbsent
	}
	if c.Problem != nil {
		own := *c.Problem
		c.Problem = &own
	}
	if !change(&c) {
		return false, nil
	}
	r.put(c)
	return true, nil
}

// Record counts nothing: 1.5 million audit rows are of no use here.
func (r *rows) Record(context.Context, ledger.Audit) error { return nil }

func (r *rows) put(c ledger.Connection) {
	old, known := r.byID[c.ID]
	if !known {
		r.ids = append(r.ids, c.ID)
	}
	switch {
	case old.Problem == nil && c.Problem != nil:
		r.opened++
	case old.Problem != nil && c.Problem == nil:
		r.closed++
		delete(r.raised, c.ID)
	}
	r.byID[c.ID] = c
}

// tell is where a person is called.
func (r *rows) tell(id sam.ConnectionID, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if code == "" {
		code = "no code"
	}
	if r.raised[id][code] {
		r.mistake("%s was raised twice for %s", code, id)
	}
	if r.raised[id] == nil {
		r.raised[id] = map[string]bool{}
	}
	r.raised[id][code] = true
	r.told[code]++
}

func (r *rows) mistake(format string, args ...any) {
	if len(r.mistakes) < 20 {
		r.mistakes = append(r.mistakes, r.clock().Format(time.DateOnly+" 15:04 ")+fmt.Sprintf(format, args...))
	}
}

// interval is how long a problem may be visible without being raised.
const interval = time.Hour

// check looks at every row: whatever needs a person for longer than interval
// was raised, and nothing is left over when the weather has been fair for
// longer than the longest wait.
func (r *rows) check(fairFor time.Duration, revoked sam.ConnectionID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock()
	for _, id := range r.ids {
		c := r.byID[id]
		if _, stalled := watchdog.Stalled(now.Add(-interval), c); stalled && (c.Problem == nil || !c.Problem.Raised) {
			r.mistake("%s has not been rotated since %s, and nobody was told", id, c.RotatedAt)
		}
		if c.Problem == nil {
			continue
		}
		if !c.Problem.Raised && c.Problem.Class != sam.ClassRetry && now.Sub(c.Problem.Since) > interval {
			r.mistake("%s of %s was not raised", c.Problem.Code, id)
		}
		if fairFor > 34*time.Hour && id != revoked {
			r.mistake("%s of %s is left over after %s of fair weather", c.Problem.Code, id, fairFor)
		}
	}
}

// errorLines hears the log lines by which supervision calls a person.
type errorLines struct{ *rows }

// Enabled implements slog.Handler.
func (h errorLines) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }

// Handle implements slog.Handler.
func (h errorLines) Handle(_ context.Context, r slog.Record) error {
	fields := map[string]string{}
	r.Attrs(func(a slog.Attr) bool { fields[a.Key] = a.Value.String(); return true })
	h.tell(sam.ConnectionID(fields["connection"]), fields["code"])
	return nil
}

// WithAttrs implements slog.Handler.
func (h errorLines) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h errorLines) WithGroup(string) slog.Handler { return h }
