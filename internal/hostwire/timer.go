package hostwire

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Tick is one timer invocation. The times are zero when the schedule is not
// monitored; Last is also zero when the function has never run.
type Tick struct {
	Last, Next time.Time // Next is the occurrence being served now
	PastDue    bool      // a catch-up run at host start, one for all missed
}

// timerInfo is the host's own shape. Its dates vary in fraction and zone.
type timerInfo struct {
	ScheduleStatus *struct{ Last, Next date }
	IsPastDue      bool
}

// DecodeTimer reads the envelope of a timer trigger.
func DecodeTimer(body io.Reader, binding string) (Tick, error) {
	var tick Tick
	err := decode(body, binding, func(raw json.RawMessage, _ metadata) error {
		var err error
		tick, err = timer(raw)
		return err
	})
	return tick, err
}

// timer reads the object, or the object as text inside a string.
func timer(raw json.RawMessage) (Tick, error) {
	if len(raw) > 0 && raw[0] == '"' {
		s, err := text(raw)
		if err != nil {
			return Tick{}, err
		}
		raw = json.RawMessage(s)
	}
	var info *timerInfo
	if err := json.Unmarshal(raw, &info); err != nil {
		return Tick{}, fmt.Errorf("%w: timer: %s", ErrMalformed, shape(err))
	}
	if info == nil {
		return Tick{}, fmt.Errorf("%w: timer is null", ErrMalformed)
	}
	tick := Tick{PastDue: info.IsPastDue}
	if s := info.ScheduleStatus; s != nil {
		tick.Last, tick.Next = time.Time(s.Last), time.Time(s.Next)
	}
	return tick, nil
}

// date is a time that never fails to decode: nothing hangs on it, and the host
// writes dates without a zone when its clock is local.
type date time.Time

// UnmarshalJSON implements json.Unmarshaler.
func (d *date) UnmarshalJSON(raw []byte) error {
	s := optional(raw)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1 {
			*d = date(t.UTC())
			return nil
		}
	}
	*d = date{}
	return nil
}
