package schedule

import (
	"encoding/json"
	"fmt"
	"time"
)

// Status is what the host remembers of one timer. A zero Last means never run.
type Status struct {
	Last        time.Time // when it last ran
	Next        time.Time // the occurrence to serve next
	LastUpdated time.Time // what Next was computed from
}

// timestamp is .NET's round-trip form with up to seven fraction digits.
const timestamp = "2006-01-02T15:04:05.9999999-07:00"

// MarshalJSON writes the three dates the way the host stores and sends them.
func (s Status) MarshalJSON() ([]byte, error) {
	form := func(t time.Time) string { return t.UTC().Format(timestamp) }
	return json.Marshal(struct{ Last, Next, LastUpdated string }{form(s.Last), form(s.Next), form(s.LastUpdated)})
}

// UnmarshalJSON accepts dates with and without offset; those without are UTC.
func (s *Status) UnmarshalJSON(raw []byte) error {
	var text struct{ Last, Next, LastUpdated string }
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("timer status: %w", err)
	}
	for _, date := range []struct {
		text string
		into *time.Time
	}{{text.Last, &s.Last}, {text.Next, &s.Next}, {text.LastUpdated, &s.LastUpdated}} {
		if date.text == "" {
			continue
		}
		t, err := time.Parse("2006-01-02T15:04:05.999999999Z07:00", date.text)
		if err != nil {
			t, err = time.Parse("2006-01-02T15:04:05.999999999", date.text)
		}
		if err != nil {
			return fmt.Errorf("timer status: %w", err)
		}
		*date.into = t.UTC()
	}
	return nil
}

// Resume is the decision at host start: the status to go on with, whether it
// must be stored, and whether an occurrence was missed (one immediate run,
// however many were missed). recorded is nil for a timer never seen. A changed
// schedule is recomputed without catch-up.
func Resume(s Schedule, recorded *Status, now time.Time) (status Status, store, pastDue bool) {
	if recorded == nil {
		return Status{Next: s.Next(now), LastUpdated: now}, true, false
	}
	status = *recorded
	base := status.Last
	if base.IsZero() {
		base = status.LastUpdated
	}
	if base.IsZero() {
		base = now
	}
	if expected := s.Next(base); !expected.Equal(status.Next) {
		if now.After(expected) {
			expected, base = s.Next(now), now
		}
		status, store = Status{Next: expected, LastUpdated: base}, true
	}
	return status, store, now.After(status.Next)
}

// Advance is the status after a run that began at the given instant. A regular
// run that fired a moment early counts as on time, so that no occurrence is
// served twice.
func Advance(s Schedule, before Status, began time.Time, regular bool) Status {
	if regular && before.Next.After(began) {
		began = before.Next
	}
	return Status{Last: began, Next: s.Next(began), LastUpdated: began}
}
