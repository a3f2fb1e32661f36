//go:build !linux

package load

import (
	"errors"
	"time"
)

// cpuTime is known on Linux only.
func cpuTime(int) (time.Duration, error) {
	return 0, errors.New("CPU time of another process is read on Linux only")
}
