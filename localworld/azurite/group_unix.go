//go:build unix && !linux

package azurite

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the child into its own process group; a dead parent is noticed
// by the closed standard input alone.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
