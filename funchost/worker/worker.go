package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Limits of the exit table.
const (
	maxFailures    = 3
	failureMemory  = 30 * time.Minute
	exitForRestart = 200
)

// ErrDead says that the handler failed three times and is not started again.
var ErrDead = errors.New("exceeded http worker restart retry count")

// Config describes the process. Path, Root and InitTimeout are required.
type Config struct {
	Path      string   // executable: a file or a command on PATH
	Arguments string   // one string, split like a command line
	Dir       string   // working directory
	Root      string   // script root, told to the handler
	Env       []string // the whole environment, without the host's own variables
	Port      int      // 0: a free one, kept over restarts

	InitTimeout      time.Duration
	StdErrOnlyErrors bool
	Terminate        time.Duration // 0: SIGKILL at once; else SIGTERM and wait this long first

	Log     *slog.Logger     // the host's own records about the process
	Console *slog.Logger     // the handler's lines
	Output  io.Writer        // raw copy of every line; nil: none
	Now     func() time.Time // nil: time.Now
}

// Worker keeps one handler process running. It is safe for concurrent use.
type Worker struct {
	cfg  Config
	port int

	mu         sync.Mutex
	ready      chan struct{} // closed when the current process is ready
	generation int           // counts starts
	current    *process      // nil while nothing runs
	peak       int64         // bytes, over all processes

	failures []time.Time // only the supervisor touches it
	restart  chan restartRequest
	dead     chan struct{}
	ended    chan struct{}
	cancel   context.CancelFunc
	output   sync.Mutex
}

type restartRequest struct {
	generation int
	done       chan struct{}
}

// New chooses the port; nothing runs before Start.
func New(cfg Config) (*Worker, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	w := &Worker{
		cfg: cfg, port: cfg.Port, ready: make(chan struct{}),
		restart: make(chan restartRequest), dead: make(chan struct{}), ended: make(chan struct{}),
	}
	if w.port == 0 {
		var err error
		if w.port, err = freePort(); err != nil {
			return nil, fmt.Errorf("choosing the handler's port: %w", err)
		}
	}
	return w, nil
}

func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Start begins to keep the process running and returns at once. Stop must be
// called after it, once.
func (w *Worker) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	go w.supervise(ctx)
}

// Stop ends the process and waits for it.
func (w *Worker) Stop() {
	w.cancel()
	<-w.ended
}

// URL is the handler's base address, without a trailing slash.
func (w *Worker) URL() string { return fmt.Sprintf("http://127.0.0.1:%d", w.port) }

// Dead is closed when the handler failed for good; see ErrDead.
func (w *Worker) Dead() <-chan struct{} { return w.dead }

// Ready waits until the handler is ready and returns the generation that is,
// for Restart.
func (w *Worker) Ready(ctx context.Context) (generation int, err error) {
	w.mu.Lock()
	ready := w.ready
	w.mu.Unlock()
	select {
	case <-ready:
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.generation, nil
	case <-w.dead:
		return 0, ErrDead
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Restart kills the process of the given generation and starts another, and
// returns when the old one is gone. A process that was replaced already is left alone.
func (w *Worker) Restart(ctx context.Context, generation int) {
	request := restartRequest{generation: generation, done: make(chan struct{})}
	select {
	case w.restart <- request:
		<-request.done
	case <-w.ended:
	case <-ctx.Done():
	}
}

// PID is the running process's id, 0 when none runs.
func (w *Worker) PID() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current == nil {
		return 0
	}
	return w.current.pid()
}

// PeakRSS is the largest resident memory in bytes that any of the processes
// had so far; 0 where the system does not tell (it does on Linux).
func (w *Worker) PeakRSS() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current != nil {
		w.peak = max(w.peak, peakOf(w.current.pid()))
	}
	return w.peak
}
