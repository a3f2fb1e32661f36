package funchost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/samkeeper/samkeeper/funchost/queue"
	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/timer"
	"github.com/samkeeper/samkeeper/funchost/worker"
)

// Host plays the Functions host over one script root. Make it with New, start
// it once, stop it once. Its methods are safe for concurrent use after Start.
type Host struct {
	cfg      Config
	app      *script.App
	settings script.Settings
	storage  *storage
	routes   []*script.Function

	worker  *worker.Worker // nil when there is no function
	client  *http.Client   // envelopes: follows redirects
	forward *http.Client   // forwarding: does not
	queues  []*queue.Listener

	timers   []timer.Config
	statuses map[string]timer.StatusStore // of monitored timers, by function

	front  *http.Server
	socket net.Listener
	began  time.Time

	life       context.Context // ends when nothing may run any more
	end        context.CancelFunc
	listening  context.Context // ends when triggers stop
	stopListen context.CancelFunc
	tasks      sync.WaitGroup // everything that runs; see enter
	doorMu     sync.Mutex
	closed     bool // no further task may begin

	stopOnce sync.Once
	stopped  chan struct{}
	errMu    sync.Mutex
	err      error

	counts counter
}

// New reads the script root and checks the configuration. A faulty host.json
// is an error; faulty functions are in App().Problems and are not served.
func New(cfg Config) (*Host, error) {
	if err := cfg.fillDefaults(); err != nil {
		return nil, err
	}
	settings := script.NewSettings(cfg.Env)
	app, err := script.Load(cfg.ScriptRoot, settings)
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, app: app, settings: settings, storage: newStorage(settings),
		client: handlerClient(true), forward: handlerClient(false), stopped: make(chan struct{}), statuses: map[string]timer.StatusStore{},
	}
	h.counts.init()
	h.life, h.end = context.WithCancel(context.Background())
	h.listening, h.stopListen = context.WithCancel(h.life)
	h.routes = routesOf(app)
	return h, nil
}

// App is what the host found in the script root.
func (h *Host) App() *script.App { return h.app }

// Start opens the HTTP front, starts the handler and the triggers, and returns
// without waiting for the handler: invocations do that. The context bounds the
// start only. After an error nothing is left running.
func (h *Host) Start(ctx context.Context) error {
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.cfg.HTTPAddr)
	if err != nil {
		return fmt.Errorf("funchost: opening the HTTP front: %w", err)
	}
	h.socket, h.began = socket, h.cfg.Now()
	if err := h.prepare(ctx); err != nil {
		h.end()
		_ = socket.Close()
		return fmt.Errorf("funchost: %w", err)
	}
	h.logProblems()
	if h.worker != nil {
		h.worker.Start()
		h.spawn(h.watchWorker)
	}
	h.startTriggers()
	h.spawn(h.serve)
	return nil
}

// prepare makes everything that can fail before anything runs.
func (h *Host) prepare(ctx context.Context) error {
	if err := h.prepareFront(); err != nil {
		return err
	}
	if len(h.app.Functions) == 0 {
		h.category("Host.Startup").WarnContext(ctx, "no functions found; the handler is not started")
		return nil
	}
	var err error
	if h.worker, err = worker.New(h.workerConfig(h.childEnv())); err != nil {
		return err
	}
	return h.prepareTriggers(ctx)
}

// childEnv is the handler's environment without the worker's own variables.
func (h *Host) childEnv() []string {
	env := append([]string{}, h.cfg.Env...)
	if !h.cfg.Production {
		env = append(env, "AZURE_FUNCTIONS_ENVIRONMENT=Development")
	}
	if _, set := h.settings.Get("WEBSITE_HOSTNAME"); !set {
		env = append(env, "WEBSITE_HOSTNAME="+h.socket.Addr().String())
	}
	return env
}

func (h *Host) logProblems() {
	for _, p := range h.app.Problems {
		h.category("Host.Startup").Error("function is in error and not served", slog.String("function", p.Function), slog.Any("error", p.Err))
	}
}

// watchWorker stops the host when the handler is given up.
func (h *Host) watchWorker() {
	select {
	case <-h.worker.Dead():
		h.giveUp(worker.ErrDead)
	case <-h.life.Done():
	}
}

// giveUp stops the host from inside, without waiting for it.
func (h *Host) giveUp(err error) {
	h.errMu.Lock()
	if h.err == nil {
		h.err = err
	}
	h.errMu.Unlock()
	h.stopOnce.Do(func() { go h.shutDown(context.Background()) })
}

// Stop ends polling and timers, gives running invocations the stop grace, kills
// the handler and returns when nothing runs any more. It returns why the host
// had stopped by itself, if it had, or the context's error. A host that was
// not started has nothing to stop.
func (h *Host) Stop(ctx context.Context) error {
	if h.front == nil {
		return nil
	}
	h.stopOnce.Do(func() { go h.shutDown(ctx) })
	select {
	case <-h.stopped:
		return h.Err()
	case <-ctx.Done():
		h.end() // no patience left: everything ends now
		<-h.stopped
		return errors.Join(ctx.Err(), h.Err())
	}
}

// Crash ends the host as the loss of its machine does: the handler is killed,
// and the messages it worked on stay leased until their leases run out. It
// returns when nothing runs any more.
func (h *Host) Crash() {
	if h.front == nil {
		return
	}
	for _, q := range h.queues {
		q.Abandon()
	}
	h.end()
	h.stopOnce.Do(func() { go h.shutDown(h.life) })
	<-h.stopped
}

// Done is closed when the host has stopped.
func (h *Host) Done() <-chan struct{} { return h.stopped }

// Err is why the host stopped by itself; nil while it runs and after Stop.
func (h *Host) Err() error {
	h.errMu.Lock()
	defer h.errMu.Unlock()
	return h.err
}

func (h *Host) shutDown(ctx context.Context) {
	defer close(h.stopped)
	h.stopListen()
	patience, cancel := context.WithTimeout(ctx, h.cfg.StopGrace)
	defer cancel()
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		for _, q := range h.queues {
			q.StopPolling()
			q.Wait()
		}
		_ = h.front.Shutdown(patience)
		h.counts.awaitNone(patience)
	}()
	select {
	case <-idle:
	case <-patience.Done():
	case <-h.life.Done():
	}
	h.end()
	if h.worker != nil {
		h.worker.Stop()
	}
	_ = h.front.Close()
	<-idle
	h.close()
	h.tasks.Wait()
	h.client.CloseIdleConnections()
	h.forward.CloseIdleConnections()
}
