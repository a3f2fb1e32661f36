package azurite

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the child into its own process group and lets the kernel kill
// it when the parent dies.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
