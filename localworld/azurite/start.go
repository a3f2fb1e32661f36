package azurite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// readyTimeout bounds the start on a loaded machine; an idle one needs 2 s.
const readyTimeout = 90 * time.Second

// Options says how to start Azurite. The zero value is right for tests.
type Options struct {
	// Dir is this package's folder, where node_modules is. Empty: found from
	// the source file or the module's root; programs run elsewhere name it.
	Dir string
	// BlobPort, QueuePort and TablePort are TCP ports on loopback; 0 is a free one.
	BlobPort, QueuePort, TablePort int
	// Accounts is how many accounts there are besides DefaultAccount.
	Accounts int
	// CertFile and KeyFile (PEM) switch to https, which also makes Azurite
	// accept Entra tokens (it does not check their signature).
	CertFile, KeyFile string
	// Log gets every line Azurite prints; nil drops them.
	Log io.Writer
}

// Start starts an installed Azurite (see [Install]) and returns when its three
// services listen. The context bounds the start only; Stop ends it.
func Start(ctx context.Context, opts Options) (*Azurite, error) {
	dir, err := packageDir(opts.Dir)
	if err != nil {
		return nil, err
	}
	node, err := lookPath("node")
	if err != nil {
		return nil, err
	}
	proc, stdout, err := launch(node, opts.arguments(dir), dir, opts.Accounts)
	if err != nil {
		return nil, fmt.Errorf("starting azurite: %w", err)
	}
	urls, err := awaitReady(ctx, proc, stdout, opts.Log)
	if err != nil {
		proc.stop()
		return nil, fmt.Errorf("starting azurite: %w", err)
	}
	return &Azurite{process: proc, account: DefaultAccount, urls: urls}, nil
}

func (o Options) arguments(dir string) []string {
	args := []string{
		"--require", filepath.Join(dir, "stop-with-parent.cjs"),
		filepath.Join(dir, "node_modules", "azurite", "dist", "src", "azurite.js"),
		"--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck",
		"--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost", "127.0.0.1",
		"--blobPort", strconv.Itoa(o.BlobPort),
		"--queuePort", strconv.Itoa(o.QueuePort),
		"--tablePort", strconv.Itoa(o.TablePort),
	}
	if o.CertFile != "" {
		args = append(args, "--oauth", "basic", "--cert", o.CertFile, "--key", o.KeyFile)
	}
	return args
}

// awaitReady reads the output until all services said where they listen; the
// rest of the output is drained by the process's reader goroutine.
func awaitReady(ctx context.Context, proc *process, stdout io.Reader, log io.Writer) (serviceURLs, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	ready := make(chan serviceURLs, 1)
	said := proc.follow(stdout, log, ready)
	select {
	case urls := <-ready:
		return urls, nil
	case <-proc.done:
		return serviceURLs{}, fmt.Errorf("node ended (%w): %s", proc.err, said())
	case <-ctx.Done():
		return serviceURLs{}, errors.Join(ctx.Err(), errors.New("waiting for the services to listen: "+said()))
	}
}

var listening = regexp.MustCompile(`^Azurite (Blob|Queue|Table) service is successfully listening at (https?://\S+)`)

// scanReady reads lines, reports the addresses once all three are known, and
// hands every line to each.
func scanReady(out io.Reader, each func(line string), ready chan<- serviceURLs) {
	var urls serviceURLs
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		each(lines.Text())
		if urls.note(lines.Text()) && urls.complete() {
			select {
			case ready <- urls:
			default: // said before
			}
		}
	}
}

// note takes a service's address from its ready line and reports whether the
// line was one.
func (u *serviceURLs) note(line string) bool {
	m := listening.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	address := strings.TrimSuffix(m[2], "/")
	switch m[1] {
	case "Blob":
		u.Blob = address
	case "Queue":
		u.Queue = address
	case "Table":
		u.Table = address
	}
	return true
}

func (u *serviceURLs) complete() bool { return u.Blob != "" && u.Queue != "" && u.Table != "" }
