package azurite

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// process owns one node process and the goroutines around it.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer // closing it ends node even where signals do not reach
	done  chan struct{}
	err   error // why it ended; set before done is closed
	once  sync.Once
	out   sync.WaitGroup
}

// launch starts node. The starting goroutine keeps its thread until node has
// ended, because Linux sends the parent-death signal when that thread ends.
func launch(node string, args []string, dir string, accounts int) (*process, io.Reader, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(node, args...) //nolint:noctx // our own program and arguments; it outlives the start's context
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+accountsSetting(accounts))
	cmd.Stdout, cmd.Stderr = writer, writer
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started, writer)
	if err := <-started; err != nil {
		return nil, nil, fmt.Errorf("%w", err)
	}
	return p, reader, nil
}

func (p *process) run(started chan<- error, writer io.Closer) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	closeQuietly(writer) // node has its own copy; ours would hide its end of file
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	if p.err == nil {
		p.err = fmt.Errorf("exit status 0")
	}
	close(p.done)
}

// follow copies the output to log until it ends and returns a function that
// gives the last lines for an error message.
func (p *process) follow(out io.Reader, log io.Writer, ready chan<- serviceURLs) func() string {
	var mu sync.Mutex
	var last []string
	p.out.Go(func() {
		scanReady(out, func(line string) {
			mu.Lock()
			last = append(last, line)[max(0, len(last)-9):]
			mu.Unlock()
			if log != nil {
				_, _ = fmt.Fprintln(log, line)
			}
		}, ready)
	})
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(last, " | ")
	}
}

// stop kills the process group, waits for node and for its output to end.
func (p *process) stop() {
	p.once.Do(func() {
		closeQuietly(p.stdin)
		killGroup(p.cmd.Process)
		<-p.done
		p.out.Wait()
	})
}

// closeQuietly closes a pipe whose failure to close has no consequence.
func closeQuietly(c io.Closer) { _ = c.Close() }
