package handlers

import (
	"context"
	"log/slog"
	"time"

	"github.com/samkeeper/samkeeper/internal/watchdog"
)

// Watch notices parts of samkeeper that have fallen silent; *watchdog.Watchdog
// is one. Both are cheap: a look is kept for minutes.
type Watch interface {
	// Glance is for functions with other work to do.
	Glance(context.Context)
	// Look says what is silent. An error may come with what could be told.
	Look(context.Context) ([]watchdog.Silence, error)
}

// watch adds what the watchdog sees: one check for the watch itself, and one
// for each silent part.
func (r *healthReport) watch(ctx context.Context, rooms Rooms) {
	silent, err := rooms.Watch.Look(ctx)
	r.Checks["watch"] = "ok"
	if err != nil {
		r.Status, r.Checks["watch"] = "degraded", "unreachable"
		rooms.Log.LogAttrs(ctx, slog.LevelError, "dependency does not answer", slog.String("dependency", "watch"), slog.String("error", err.Error()))
	}
	for _, s := range silent {
		r.Status, r.Checks[s.Part] = "degraded", "silent since "+s.Since.UTC().Format(time.RFC3339)
	}
}
