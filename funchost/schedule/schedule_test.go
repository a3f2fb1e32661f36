package schedule_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/funchost/schedule"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, expr, after, want string }{
		{"every five minutes", "0 */5 * * * *", "2026-11-21 21:29:30", "2026-11-21 21:30:00"},
		{"an occurrence is not its own next", "0 */5 * * * *", "2026-11-21 21:30:00", "2026-11-21 21:35:00"},
		{"five fields have second 0", "*/5 * * * *", "2026-11-21 21:29:30", "2026-11-21 21:30:00"},
		{"over the year", "0 0 0 1 1 *", "2026-11-21 00:00:00", "2027-01-01 00:00:00"},
		{"month name", "0 0 0 1 Feb *", "2026-11-21 00:00:00", "2027-02-01 00:00:00"},
		{"weekday names", "0 30 9 * * Mon-Fri", "2026-11-21 00:00:00", "2026-11-23 09:30:00"},
		{"day and weekday are both required", "0 0 0 13 * Fri", "2026-11-21 00:00:00", "2027-08-13 00:00:00"},
		{"step after one value", "5/20 * * * * *", "2026-11-21 00:00:30", "2026-11-21 00:00:45"},
		{"range backwards", "0 0 17-9 * * *", "2026-11-21 18:00:00", "2026-11-22 09:00:00"},
		{"list", "0 0 3,5 * * *", "2026-11-21 03:00:00", "2026-11-21 05:00:00"},
		{"leap day on a Sunday", "0 0 0 29 2 0", "2026-11-21 00:00:00", "2032-02-29 00:00:00"},
		{"TimeSpan", "01:30:00", "2026-11-21 00:00:10", "2026-11-21 01:30:10"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := schedule.Parse(tc.expr)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Next(at(tc.after)); !got.Equal(at(tc.want)) {
				t.Errorf("next after %s is %s, want %s", tc.after, got, tc.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"", "x", "* * *", "60 * * * * *", "* * * * * 7", "0 0 0 30 2 *", "*/0 * * * * *", "00:00:00", "-00:01:00", "0 0 0 0 * *", "24:00:00", "a-b * * * * *"} {
		if _, err := schedule.Parse(expr); err == nil {
			t.Errorf("%q was accepted", expr)
		}
	}
}

func TestSubMinute(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]bool{
		"* * * * * *": true, "*/30 * * * * *": true, "0 * * * * *": false,
		"* * 12 * * Mon": false, "00:00:59": true, "00:01:00": false,
	} {
		s, err := schedule.Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if s.SubMinute() != want {
			t.Errorf("%q: sub-minute is %t", expr, !want)
		}
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	hourly, err := schedule.Parse("0 0 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	now := at("2026-11-21 21:29:30")
	for _, tc := range []struct {
		name           string
		recorded       *schedule.Status
		want           schedule.Status
		store, pastDue bool
	}{
		{"never seen", nil, schedule.Status{Next: at("2026-11-21 22:00:00"), LastUpdated: now}, true, false},
		{
			"in time",
			&schedule.Status{Last: at("2026-11-21 21:00:00"), Next: at("2026-11-21 22:00:00"), LastUpdated: at("2026-11-21 21:00:00")},
			schedule.Status{Last: at("2026-11-21 21:00:00"), Next: at("2026-11-21 22:00:00"), LastUpdated: at("2026-11-21 21:00:00")},
			false, false,
		},
		{
			"missed many, once past due",
			&schedule.Status{Last: at("2026-11-21 10:00:00"), Next: at("2026-11-21 11:00:00"), LastUpdated: at("2026-11-21 10:00:00")},
			schedule.Status{Last: at("2026-11-21 10:00:00"), Next: at("2026-11-21 11:00:00"), LastUpdated: at("2026-11-21 10:00:00")},
			false, true,
		},
		{
			"never run but missed",
			&schedule.Status{Next: at("2026-11-21 11:00:00"), LastUpdated: at("2026-11-21 10:10:00")},
			schedule.Status{Next: at("2026-11-21 11:00:00"), LastUpdated: at("2026-11-21 10:10:00")},
			false, true,
		},
		{
			"schedule changed: no catch-up",
			&schedule.Status{Last: at("2026-11-20 10:00:00"), Next: at("2026-11-21 10:00:00"), LastUpdated: at("2026-11-20 10:00:00")},
			schedule.Status{Next: at("2026-11-21 22:00:00"), LastUpdated: now},
			true, false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, store, pastDue := schedule.Resume(hourly, tc.recorded, now)
			if got != tc.want || store != tc.store || pastDue != tc.pastDue {
				t.Errorf("got %+v store=%t pastDue=%t", got, store, pastDue)
			}
		})
	}
}

func TestAdvanceNeverServesAnOccurrenceTwice(t *testing.T) {
	t.Parallel()
	hourly, _ := schedule.Parse("0 0 * * * *")
	before := schedule.Status{Next: at("2026-11-21 22:00:00")}
	early := at("2026-11-21 21:59:59")
	if got := schedule.Advance(hourly, before, early, true).Next; !got.Equal(at("2026-11-21 23:00:00")) {
		t.Error("regular run:", got)
	}
	if got := schedule.Advance(hourly, before, early, false).Next; !got.Equal(at("2026-11-21 22:00:00")) {
		t.Error("start-up run:", got)
	}
}

func TestStatusRoundTrip(t *testing.T) {
	t.Parallel()
	in := schedule.Status{Next: at("2026-11-21 22:00:00"), LastUpdated: at("2026-11-21 21:00:00").Add(1234567 * 100)}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), `"Last":"0001-01-01T00:00:00+00:00"`) {
		t.Error("never run is written as", string(raw))
	}
	var out schedule.Status
	if err := json.Unmarshal(raw, &out); err != nil || out != in {
		t.Errorf("%+v became %+v (%v)", in, out, err)
	}
	if err := json.Unmarshal([]byte(`{"Last":"2026-11-21T21:00:00.5"}`), &out); err != nil || !out.Last.Equal(at("2026-11-21 21:00:00").Add(time.Second/2)) {
		t.Error("date without offset:", out.Last, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0 */5 * * * *", "* * * * *", "1.02:03:04.5", "5/7 1-3 Mon,Tue * jan *", "-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schedule.Parse(text)
		if err != nil {
			return
		}
		now := at("2026-11-21 00:00:00")
		if next := s.Next(now); !next.After(now) {
			t.Errorf("%q: next %s is not after %s", text, next, now)
		}
	})
}
