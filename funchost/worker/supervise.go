package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// end says what became of one process.
type end int

const (
	endStopped end = iota // the host stops
	endRestart            // start again, not counted
	endFailed             // counted
)

// sampling is how often the process's peak memory is noted, so that a crash
// loses little of it.
const sampling = 250 * time.Millisecond

// supervise is the only goroutine that starts and ends processes.
func (w *Worker) supervise(ctx context.Context) {
	defer close(w.ended)
	for {
		how, err := w.live(ctx)
		switch how {
		case endStopped:
			return
		case endRestart:
			w.cfg.Log.InfoContext(ctx, "restarting the handler")
		case endFailed:
			if w.tooMany(w.cfg.Now()) {
				w.cfg.Log.ErrorContext(ctx, "Exceeded http worker restart retry count. Shutting down Functions Host", slog.Any("error", err))
				close(w.dead)
				return
			}
			w.cfg.Log.ErrorContext(ctx, "handler failed; starting it again", slog.Any("error", err), slog.Int("attempt", len(w.failures)))
		}
	}
}

// tooMany counts a failure and reports whether it was the last one allowed.
func (w *Worker) tooMany(now time.Time) bool {
	if n := len(w.failures); n > 0 && now.Sub(w.failures[n-1]) > failureMemory {
		w.failures = nil
	}
	w.failures = append(w.failures, now)
	return len(w.failures) >= maxFailures
}

// live runs one process from start to end.
func (w *Worker) live(ctx context.Context) (end, error) {
	if ctx.Err() != nil {
		return endStopped, nil
	}
	p, err := w.launch()
	if err != nil {
		return endFailed, fmt.Errorf("starting the handler: %w", err)
	}
	w.adopt(p)
	defer w.disown(p)
	probe, cancel := context.WithCancel(ctx)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- w.probe(probe) }()
	how, err := w.watch(ctx, p, answered)
	return how, err
}

// watch waits for whatever ends the process. An exit with code 0 ends nothing.
func (w *Worker) watch(ctx context.Context, p *process, answered <-chan error) (end, error) {
	exited := p.done
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return endStopped, nil
		case request := <-w.restart:
			if request.generation == w.generationNow() {
				w.disown(p)
				close(request.done)
				return endRestart, nil
			}
			close(request.done)
		case err := <-answered:
			if err != nil {
				return endFailed, fmt.Errorf("the handler did not answer on its port within %s: %w", w.cfg.InitTimeout, err)
			}
			w.markReady()
		case <-exited:
			exited = nil
			switch code := p.exitCode(); code {
			case 0:
				w.cfg.Log.WarnContext(ctx, "the handler exited with code 0 and is not restarted")
			case exitForRestart:
				return endRestart, nil
			default:
				return endFailed, fmt.Errorf("the handler ended (%s): %s", p.state(), p.lastErrors())
			}
		case <-tick.C:
			w.PeakRSS()
		}
	}
}

func (w *Worker) generationNow() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.generation
}

// adopt makes the process the current one; nobody is ready until it answers.
func (w *Worker) adopt(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.generation++
	w.current = p
}

func (w *Worker) markReady() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.ready)
	w.cfg.Log.Info("handler is ready", slog.Int("pid", w.current.pid()), slog.Int("port", w.port))
}

// disown closes the gate, kills what is left of the process and waits for it.
// A second call does nothing.
func (w *Worker) disown(p *process) {
	w.PeakRSS()
	w.mu.Lock()
	if w.current == p {
		w.current = nil
		select {
		case <-w.ready:
			w.ready = make(chan struct{})
		default:
		}
	}
	w.mu.Unlock()
	p.kill(w.cfg.Terminate)
}
