package worker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// drain bounds the wait for output after the process ended: a child of the
// handler may hold the pipes open.
const drain = time.Second

// process is one run of the handler.
type process struct {
	cmd     *exec.Cmd
	done    chan struct{} // closed when it ended and its output is read
	readers sync.WaitGroup

	mu     sync.Mutex
	errors []string // the last three lines of stderr
}

// launch starts the handler. Its goroutine keeps its thread, because Linux
// sends the parent-death signal when the starting thread ends.
func (w *Worker) launch() (*process, error) {
	path, err := exec.LookPath(w.cfg.Path)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, err
	}
	p := &process{done: make(chan struct{})}
	p.cmd = exec.Command(path, splitArguments(w.cfg.Arguments)...) //nolint:noctx // host.json names it; the supervisor ends it
	p.cmd.Dir = w.cfg.Dir
	p.cmd.Env = append(append([]string{}, w.cfg.Env...), w.variables()...)
	dieWithParent(p.cmd)
	var pipes [2]*os.File
	for i, stream := range []*io.Writer{&p.cmd.Stdout, &p.cmd.Stderr} {
		reader, writer, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer func() { _ = writer.Close() }() // the child has its own
		pipes[i], *stream = reader, writer
	}
	p.readers.Add(len(pipes)) // before run, which waits for them
	started := make(chan error)
	go p.run(started, pipes[:])
	if err := <-started; err != nil {
		_, _ = pipes[0].Close(), pipes[1].Close()
		return nil, err
	}
	go p.read(pipes[0], w.stdout)
	go p.read(pipes[1], w.stderr)
	return p, nil
}

// variables are what the host adds to its own environment.
func (w *Worker) variables() []string {
	port, id := strconv.Itoa(w.port), uuid.NewString()
	return []string{
		"FUNCTIONS_CUSTOMHANDLER_PORT=" + port, "FUNCTIONS_HTTPWORKER_PORT=" + port,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID=" + id, "FUNCTIONS_HTTPWORKER_ID=" + id,
		"FUNCTIONS_APP_ROOT_PATH=" + w.cfg.Root,
	}
}

func (p *process) run(started chan<- error, pipes []*os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // the state says it all
	read := make(chan struct{})
	go func() { p.readers.Wait(); close(read) }()
	select {
	case <-read:
	case <-time.After(drain):
	}
	for _, pipe := range pipes {
		_ = pipe.Close()
	}
	<-read
	close(p.done)
}

func (p *process) read(pipe io.Reader, handle func(p *process, line string)) {
	defer p.readers.Done()
	lines := bufio.NewReader(pipe)
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			handle(p, line)
		}
		if err != nil {
			return
		}
	}
}

// kill ends the process, politely first when terminate says so, and waits.
func (p *process) kill(terminate time.Duration) {
	if terminate > 0 && interrupt(p.cmd.Process) == nil {
		select {
		case <-p.done:
			return
		case <-time.After(terminate):
		}
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// exitCode is valid once done is closed; -1 after a signal.
func (p *process) exitCode() int { return p.cmd.ProcessState.ExitCode() }

func (p *process) state() string { return p.cmd.ProcessState.String() }

func (p *process) noteError(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errors = append(p.errors, line)
	p.errors = p.errors[max(0, len(p.errors)-3):]
}

func (p *process) lastErrors() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.errors) == 0 {
		return "nothing on stderr"
	}
	return fmt.Sprintf("%q", p.errors)
}
