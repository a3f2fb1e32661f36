package handlers_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// TestSilenceIsNoticedWithoutATimer: the queue and HTTP paths look; the timers,
// which may be what is stuck, and the answer of a sign-in do not.
func TestSilenceIsNoticedWithoutATimer(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int32{
		"ConsentStart": 1, "ConsentCallback": 0, "Status": 1, "RunCustomerJob": 1, "RecordPoisonedJob": 0, "SuperviseRuns": 0,
	} {
		h := open(t, nil)
		switch name {
		case "ConsentStart":
			h.ask("GET", "/api/consent", nil)
		case "ConsentCallback":
			h.ask("GET", "/api/consent/callback?code=c", nil)
		case "Status":
			h.ask("GET", "/api/status", nil)
		case "SuperviseRuns":
			h.ask("POST", "/"+name, ticked())
		default:
			h.ask("POST", "/"+name, queued("{}"))
		}
		if got := h.watch.glances.Load(); got != want {
			t.Errorf("%s glanced %d times, want %d", name, got, want)
		}
	}
}

func TestHealthSaysWhatIsSilent(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	h := open(t, nil)
	h.watch.silent = []watchdog.Silence{
		{Part: watchdog.RotateRefreshTokens, Since: since, Plain: "x", Fix: "y"},
		{Part: watchdog.Rotation, Since: since.Add(-72 * time.Hour), Plain: "x", Fix: "y"},
	}
	w := h.ask("GET", "/api/health", nil)
	const want = `{"status":"degraded","version":"v0.1.0","checks":{"RotateRefreshTokens":"silent since 2026-11-21T09:00:00Z","configuration":"ok","rotation":"silent since 2026-11-18T09:00:00Z","watch":"ok"}}`
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != want {
		t.Errorf("health = %d %s, want 503 %s", w.Code, w.Body, want)
	}
}

func TestHealthWithoutAWatchIsNotWell(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.watch.err = errors.New("table Runs of account x is away")
	w := h.ask("GET", "/api/health", nil)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"watch":"unreachable"`) || strings.Contains(w.Body.String(), "account x") {
		t.Errorf("health = %d %s", w.Code, w.Body)
	}
	if lines := h.lines(t, "dependency does not answer"); len(lines) != 1 || lines[0]["dependency"] != "watch" {
		t.Errorf("log: %v", lines)
	}
}
