//go:build unix

package azurite

import (
	"context"
	"os"
	"syscall"
	"time"
)

// killGroup kills the process and everything it started; an already ended
// group is fine.
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// lockFile takes an exclusive lock that other processes respect and that ends
// with the process. It waits at most until the context ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		select {
		case <-ctx.Done():
			closeQuietly(file)
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
	return func() { closeQuietly(file) }, nil
}
