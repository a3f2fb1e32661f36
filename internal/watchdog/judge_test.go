package watchdog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/watchdog"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const conn = sam.ConnectionID("11111111-1111-4111-8111-111111111111.33333333-3333-4333-8333-333333333333")

func ago(d time.Duration) time.Time { return noon.Add(-d) }

// heard is a ledger in which everything was heard of a minute ago.
func heard(change func(beats map[string]time.Time)) map[string]time.Time {
	beats := map[string]time.Time{"watch_began": ago(30 * 24 * time.Hour)}
	for _, name := range []string{"SuperviseRuns", "RotateRefreshTokens", "EnqueueCustomers", "self_check_announced"} {
		beats[name] = ago(time.Minute)
	}
	if change != nil {
		change(beats)
	}
	return beats
}

func at(name string, when time.Time) func(map[string]time.Time) {
	return func(beats map[string]time.Time) { beats[name] = when }
}

func never(name string) func(map[string]time.Time) {
	return func(beats map[string]time.Time) { delete(beats, name) }
}

func TestJudge(t *testing.T) {
	t.Parallel()
	rotated := func(when time.Time) ledger.Connection { return ledger.Connection{ID: conn, RotatedAt: when} }
	for name, row := range map[string]struct {
		beats map[string]time.Time
		conns []ledger.Connection
		want  string // parts
	}{
		"all is well":                    {heard(nil), []ledger.Connection{rotated(ago(25 * time.Hour))}, ""},
		"an empty ledger":                {nil, []ledger.Connection{rotated(ago(999 * time.Hour))}, ""},
		"just installed":                 {map[string]time.Time{"watch_began": ago(50 * time.Minute)}, nil, ""},
		"no timer ever fired":            {map[string]time.Time{"watch_began": ago(27 * time.Hour)}, nil, "SuperviseRuns RotateRefreshTokens EnqueueCustomers findings"},
		"supervision an hour ago":        {heard(at("SuperviseRuns", ago(time.Hour))), nil, ""},
		"supervision longer ago":         {heard(at("SuperviseRuns", ago(time.Hour+time.Second))), nil, "SuperviseRuns"},
		"rotation timer four hours ago":  {heard(at("RotateRefreshTokens", ago(4*time.Hour))), nil, ""},
		"rotation timer longer ago":      {heard(at("RotateRefreshTokens", ago(5*time.Hour))), nil, "RotateRefreshTokens"},
		"rotation timer never":           {heard(never("RotateRefreshTokens")), nil, "RotateRefreshTokens"},
		"sweeps half a day ago":          {heard(at("EnqueueCustomers", ago(12*time.Hour))), nil, ""},
		"sweeps longer ago":              {heard(at("EnqueueCustomers", ago(14*time.Hour))), nil, "EnqueueCustomers"},
		"self-check not sent for a day":  {heard(at("self_check_announced", ago(25*time.Hour))), nil, ""},
		"self-check not sent for longer": {heard(at("self_check_announced", ago(27*time.Hour))), nil, "findings"},
		"a heartbeat of the future":      {heard(at("SuperviseRuns", noon.Add(time.Hour))), nil, ""},
		"not rotated for three days":     {heard(nil), []ledger.Connection{rotated(ago(72 * time.Hour))}, ""},
		"not rotated for longer":         {heard(nil), []ledger.Connection{rotated(ago(73 * time.Hour)), rotated(noon)}, "rotation"},
		"consented since":                {heard(nil), []ledger.Connection{{ID: conn, RotatedAt: ago(99 * time.Hour), ConsentedAt: ago(time.Hour)}}, ""},
		"switched off":                   {heard(nil), []ledger.Connection{{ID: conn, RotatedAt: ago(99 * time.Hour), Disabled: true}}, ""},
		"broken, which is known":         {heard(nil), []ledger.Connection{{ID: conn, RotatedAt: ago(99 * time.Hour), Problem: &ledger.ConnectionProblem{Code: "AADSTS50173"}}}, ""},
		"stalled, which we said":         {heard(nil), []ledger.Connection{{ID: conn, RotatedAt: ago(99 * time.Hour), Problem: &ledger.ConnectionProblem{Code: watchdog.StalledCode}}}, "rotation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var parts []string
			for _, s := range watchdog.Judge(noon, row.beats, row.conns) {
				parts = append(parts, s.Part)
				if s.Plain == "" || s.Fix == "" || s.Since.IsZero() || !s.Since.Before(noon) {
					t.Errorf("a person cannot act on %+v", s)
				}
			}
			if got := strings.Join(parts, " "); got != row.want {
				t.Errorf("silent: %q, want %q", got, row.want)
			}
		})
	}
}

func TestJudgeSaysSinceWhen(t *testing.T) {
	t.Parallel()
	silent := watchdog.Judge(noon, heard(at("SuperviseRuns", ago(2*time.Hour))), []ledger.Connection{
		{ID: conn, RotatedAt: ago(80 * time.Hour)}, {ID: conn, RotatedAt: ago(90 * time.Hour)},
	})
	if len(silent) != 2 || !silent[0].Since.Equal(ago(2*time.Hour)) || !silent[1].Since.Equal(ago(90*time.Hour)) {
		t.Errorf("%+v", silent)
	}
	if !strings.Contains(silent[0].Plain, "2026-11-21T10:00:00Z") || !strings.Contains(silent[1].Plain, "2 connections") {
		t.Errorf("%+v", silent)
	}
}
