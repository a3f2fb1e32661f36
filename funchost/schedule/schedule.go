package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Schedule is a parsed timer schedule. It is immutable and safe for concurrent use.
type Schedule struct {
	cron  *cron
	every time.Duration
}

// Parse reads a crontab expression or a TimeSpan ("01:30:00"). A crontab
// expression that never occurs is an error.
func Parse(text string) (Schedule, error) {
	if len(strings.Fields(text)) == 1 {
		every, err := ParseTimeSpan(text)
		if err != nil || every <= 0 {
			return Schedule{}, fmt.Errorf("schedule %q is neither a crontab expression of 5 or 6 fields nor a positive TimeSpan", text)
		}
		return Schedule{every: every}, nil
	}
	c, err := parseCron(text)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %q: %w", text, err)
	}
	if c.next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("schedule %q: %w", text, errors.New("no such date exists"))
	}
	return Schedule{cron: c}, nil
}

// Next is the first occurrence after the given instant, in UTC.
func (s Schedule) Next(after time.Time) time.Time {
	if s.cron == nil {
		return after.UTC().Add(s.every)
	}
	return s.cron.next(after.UTC())
}

// AdjustForDST is what TimerInfo.Schedule tells the function: true for crontab
// expressions, false for TimeSpans.
func (s Schedule) AdjustForDST() bool { return s.cron != nil }

// SubMinute reports whether the schedule may fire more than once a minute, all
// day long; the host then keeps no status for it.
func (s Schedule) SubMinute() bool {
	if s.cron == nil {
		return s.every < time.Minute
	}
	return s.cron.second.count() > 1 && s.cron.everyMinute()
}

// cron is a crontab expression as one set per field.
type cron struct{ second, minute, hour, day, month, weekday field }

func parseCron(text string) (*cron, error) {
	parts := strings.Fields(text)
	if len(parts) == 5 {
		parts = append([]string{"0"}, parts...)
	}
	if len(parts) != 6 {
		return nil, fmt.Errorf("%d fields, want 5 or 6", len(parts))
	}
	kinds := [...]kind{seconds, minutes, hours, days, months, weekdays}
	var sets [6]field
	var faults []error
	for i, part := range parts {
		var err error
		if sets[i], err = kinds[i].parse(part); err != nil {
			faults = append(faults, err)
		}
	}
	return &cron{sets[0], sets[1], sets[2], sets[3], sets[4], sets[5]}, errors.Join(faults...)
}

func (c *cron) everyMinute() bool {
	return c.minute.full(minutes) && c.hour.full(hours) && c.day.full(days) && c.month.full(months) && c.weekday.full(weekdays)
}

// horizon bounds the search: 29 February on a given weekday comes back within
// 40 years.
const horizon = 50

// next walks from the largest unit to the smallest, starting the next larger
// one over whenever a unit does not match; zero when nothing matches.
func (c *cron) next(after time.Time) time.Time {
	t := after.Truncate(time.Second).Add(time.Second)
	for limit := t.Year() + horizon; t.Year() <= limit; {
		switch {
		case !c.month.has(int(t.Month())):
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !c.day.has(t.Day()) || !c.weekday.has(int(t.Weekday())):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case !c.hour.has(t.Hour()):
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !c.minute.has(t.Minute()):
			t = t.Truncate(time.Minute).Add(time.Minute)
		case !c.second.has(t.Second()):
			t = t.Add(time.Second)
		default:
			return t
		}
	}
	return time.Time{}
}
