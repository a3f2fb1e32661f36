//go:build !linux

package peer

import "time"

// cpuTime is known on Linux only.
func cpuTime(int) (time.Duration, error) { return 0, ErrUnable }
