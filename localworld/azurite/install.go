package azurite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// ErrNoNode says that node or npm is not on PATH.
var ErrNoNode = errors.New("node.js is not installed")

// installTimeout bounds npm; a cold cache on a slow line needs a minute or two.
const installTimeout = 10 * time.Minute

// Install puts the pinned Azurite into this package's node_modules unless it
// is there already. Progress, one line per step, goes to progress when not nil.
// It is safe to call from several processes at once.
func Install(ctx context.Context, progress io.Writer) error {
	dir, err := packageDir("")
	if err != nil {
		return err
	}
	return InstallIn(ctx, dir, progress)
}

// InstallIn is [Install] for a folder that holds package.json and
// package-lock.json.
func InstallIn(ctx context.Context, dir string, progress io.Writer) error {
	npm, err := lookPath("npm")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	want, err := lockSum(dir)
	if err != nil || installed(dir, want) {
		return err
	}
	unlock, err := lockFile(ctx, filepath.Join(os.TempDir(), "samkeeper-azurite-"+want[:16]+".lock"))
	if err != nil {
		return fmt.Errorf("waiting for another installation of azurite: %w", err)
	}
	defer unlock()
	if installed(dir, want) { // by the one we waited for
		return nil
	}
	return npmCI(ctx, npm, dir, want, progress)
}

func npmCI(ctx context.Context, npm, dir, want string, progress io.Writer) error {
	if progress == nil {
		progress = io.Discard
	}
	_, _ = fmt.Fprintln(progress, "installing node packages (npm ci) in", dir)
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci in %s: %w: %s", dir, err, out.Bytes())
	}
	if err := os.WriteFile(stampPath(dir), []byte(want), 0o600); err != nil {
		return fmt.Errorf("noting the installation of azurite: %w", err)
	}
	_, _ = fmt.Fprintln(progress, "node packages installed")
	return nil
}

// stampPath is inside node_modules, so that npm ci, which empties the folder
// first, also removes the note of an installation it then fails to finish.
func stampPath(dir string) string { return filepath.Join(dir, "node_modules", ".samkeeper-lock") }

func installed(dir, want string) bool {
	have, err := os.ReadFile(stampPath(dir))
	return err == nil && string(have) == want
}

// lockSum identifies the wanted installation.
func lockSum(dir string) (string, error) {
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return "", fmt.Errorf("reading azurite's lock file: %w", err)
	}
	sum := sha256.Sum256(lock)
	return hex.EncodeToString(sum[:]), nil
}

func lookPath(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoNode, err)
	}
	return path, nil
}

// packageDir finds the folder of package.json: the named one, the one of this
// source file, or localworld/azurite below the module root around the working
// directory (for programs built with -trimpath).
func packageDir(named string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	if _, file, _, ok := runtime.Caller(0); ok && hasManifest(filepath.Dir(file)) {
		return filepath.Dir(file), nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding azurite's folder: %w", err)
	}
	for {
		if sub := filepath.Join(dir, "localworld", "azurite"); hasManifest(sub) {
			return sub, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("finding azurite's folder: not inside the samkeeper module; name it explicitly")
		}
		dir = filepath.Dir(dir)
	}
}

func hasManifest(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	return err == nil && filepath.IsAbs(dir)
}
