//go:build !unix

package azurite

import (
	"context"
	"os"
	"os/exec"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// ownGroup does nothing here: a dead parent is noticed by the closed standard input.
func ownGroup(*exec.Cmd) {}

// killGroup kills the process; Azurite starts no others.
func killGroup(p *os.Process) { _ = p.Kill() }

// lockFile takes a lock that other processes respect and that ends with the process.
func lockFile(_ context.Context, path string) (unlock func(), err error) {
	return lockedfile.MutexAt(path).Lock()
}
