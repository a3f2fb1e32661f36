//go:build !linux

package worker

import (
	"os"
	"os/exec"
)

// dieWithParent is a Linux service; elsewhere Stop must be called.
func dieWithParent(*exec.Cmd) {}

// peakOf is known on Linux only.
func peakOf(int) int64 { return 0 }

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
