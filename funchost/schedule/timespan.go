package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var timeSpan = regexp.MustCompile(`^(-)?(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$`)

// ParseTimeSpan reads .NET's constant TimeSpan form [-][d.]hh:mm[:ss[.fffffff]]
// and a bare number of days.
func ParseTimeSpan(text string) (time.Duration, error) {
	if n, err := strconv.Atoi(text); err == nil && n > -100_000 && n < 100_000 {
		return time.Duration(n) * 24 * time.Hour, nil
	}
	m := timeSpan.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is not a TimeSpan such as 00:10:00", text)
	}
	hour, minute, second := number(m[3]), number(m[4]), number(m[5])
	if hour > 23 || minute > 59 || second > 59 {
		return 0, fmt.Errorf("%q is not a TimeSpan: hours end at 23, minutes and seconds at 59", text)
	}
	d := time.Duration(number(m[2]))*24*time.Hour + time.Duration(hour)*time.Hour +
		time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	if m[6] != "" {
		d += time.Duration(number((m[6] + "000000")[:7])) * 100 * time.Nanosecond
	}
	if m[1] != "" {
		d = -d
	}
	return d, nil
}

// number reads digits the expression above has already bounded; "" is 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
