package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Probe asks whether something we depend on answers.
type Probe struct {
	Name  string // "storage", "vault"
	Check func(context.Context) error
}

// Bounds of Health: anyone may ask, so the answer is kept for a while and
// dependencies are asked once for all.
const (
	probedFor    = 30 * time.Second
	probeTimeout = 10 * time.Second
)

// healthReport says which parts work, and which have fallen silent. Causes go
// to the log, never here.
type healthReport struct {
	Status  string            `json:"status"` // "ok" or "degraded"
	Version string            `json:"version"`
	Checks  map[string]string `json:"checks"` // "ok", "unreachable" or "silent since <time>"
}

// prober keeps the last report. The program does not start with a faulty
// configuration, so whoever gets an answer knows that it is configured.
type prober struct {
	rooms Rooms

	mu     sync.Mutex // held while probing: callers share one probe
	report healthReport
	until  time.Time
}

func newProber(rooms Rooms) *prober { return &prober{rooms: rooms} }

func (p *prober) serve(w http.ResponseWriter, r *http.Request) error {
	report := p.current(r.Context())
	status := http.StatusOK
	if report.Status != "ok" {
		status = http.StatusServiceUnavailable
	}
	return writeJSON(w, status, report)
}

func (p *prober) current(ctx context.Context) healthReport {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.rooms.Now(); now.Before(p.until) {
		return p.report
	}
	// A caller that hangs up must not leave a wrong answer for the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	p.report = p.probe(ctx)
	p.until = p.rooms.Now().Add(probedFor)
	return p.report
}

// probe asks all dependencies side by side.
func (p *prober) probe(ctx context.Context) healthReport {
	errs := make([]error, len(p.rooms.Probes))
	var asked sync.WaitGroup
	for i, one := range p.rooms.Probes {
		asked.Go(func() { errs[i] = one.Check(ctx) })
	}
	asked.Wait()
	report := healthReport{Status: "ok", Version: p.rooms.Version, Checks: map[string]string{"configuration": "ok"}}
	for i, one := range p.rooms.Probes {
		report.Checks[one.Name] = "ok"
		if errs[i] != nil {
			report.Status, report.Checks[one.Name] = "degraded", "unreachable"
			p.rooms.Log.LogAttrs(ctx, slog.LevelError, "dependency does not answer", slog.String("dependency", one.Name), slog.String("error", errs[i].Error()))
		}
	}
	report.watch(ctx, p.rooms)
	return report
}
