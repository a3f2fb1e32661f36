package peer

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// Tasks are those that both sides do.
var Tasks = []string{"subscriptions", "health", "directory"}

// ErrUnable says that the comparison cannot be made on this machine.
var ErrUnable = errors.New("the comparison with the peer cannot be made here")

// Options says what to compare and how long.
type Options struct {
	ScriptRoot string        // the staged dist/ folder
	PeerDir    string        // bench/peer-node with its node_modules
	WorkDir    string        // gets logs, the peer's script root and profiles
	Customers  int           // in the simulated world
	Seed       uint64        // same seed, same customers
	Rounds     int           // of each side, taking turns
	Starts     int           // how often each side is started for the start time
	Latency    time.Duration // of every answer of the simulated cloud
	Settings   []string      // NAME=value for both handlers, over all others
	Only       string        // play this side alone, without a report; "" plays both
	Progress   io.Writer     // one line for each step
}

func (o *Options) check() error {
	if runtime.GOOS != "linux" {
		return errors.Join(ErrUnable, errors.New("the numbers are read from /proc, which only Linux has"))
	}
	if _, err := exec.LookPath("node"); err != nil {
		return errors.Join(ErrUnable, err)
	}
	if o.Customers < 1 || o.Rounds < 1 || o.Starts < 0 {
		return errors.New("customers and rounds must be positive")
	}
	for _, dir := range []*string{&o.ScriptRoot, &o.PeerDir, &o.WorkDir} {
		absolute, err := filepath.Abs(*dir)
		if err != nil {
			return err
		}
		*dir = absolute
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return os.MkdirAll(o.WorkDir, 0o755)
}
