package worker

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// stdout handles a line of standard output.
func (w *Worker) stdout(_ *process, line string) { w.console(slog.LevelInfo, line) }

// stderr handles a line of standard error.
func (w *Worker) stderr(p *process, line string) {
	level := stderrLevel(line, w.cfg.StdErrOnlyErrors)
	if level == slog.LevelError {
		p.noteError(line)
	}
	w.console(level, line)
}

// stderrLevel is the host's level rule for one line of standard error.
func stderrLevel(line string, onlyErrors bool) slog.Level {
	lower := strings.ToLower(line)
	if onlyErrors {
		if strings.Contains(lower, "warn") {
			return slog.LevelWarn
		}
		return slog.LevelError
	}
	for _, word := range []string{"error", "fail", "severe", "unhandled exception"} {
		if strings.Contains(lower, word) {
			return slog.LevelError
		}
	}
	return slog.LevelInfo
}

// console records a line. Two prefixes are for the host's own use: one makes a
// system record, the other feeds tools and is no record at all.
func (w *Worker) console(level slog.Level, line string) {
	if w.cfg.Output != nil {
		w.output.Lock()
		_, _ = fmt.Fprintln(w.cfg.Output, line)
		w.output.Unlock()
	}
	if system, ok := strings.CutPrefix(line, "LanguageWorkerConsoleLog"); ok {
		w.cfg.Log.Log(context.Background(), level, strings.TrimSpace(system)) //nolint:sloglint // the line is the handler's
		return
	}
	if !strings.HasPrefix(line, "azfuncjsonlog:") {
		w.cfg.Console.Log(context.Background(), level, line) //nolint:sloglint // the line is the handler's
	}
}
