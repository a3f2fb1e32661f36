package localworld

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// lastLines is how much of a log goes into an error.
const lastLines = 15

// logs are the files that the programs' output goes to.
type logs struct {
	dir                    string
	own                    bool // dir is temporary and ours to remove
	handler, host, azurite *os.File
}

// openLogs makes the files afresh in dir, or in a temporary folder.
func openLogs(dir string) (*logs, error) {
	l := &logs{dir: dir}
	var err error
	if dir == "" {
		l.own = true
		if l.dir, err = os.MkdirTemp("", "samkeeper-"); err != nil {
			return nil, fmt.Errorf("making a folder for the logs: %w", err)
		}
	}
	if l.dir, err = filepath.Abs(l.dir); err != nil {
		return nil, fmt.Errorf("finding the folder for the logs: %w", err)
	}
	if err = os.MkdirAll(l.dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder for the logs: %w", err)
	}
	for name, file := range map[string]**os.File{"handler.log": &l.handler, "host.log": &l.host, "azurite.log": &l.azurite} {
		if *file, err = os.Create(filepath.Join(l.dir, name)); err != nil {
			return nil, fmt.Errorf("making a log: %w", err)
		}
	}
	return l, nil
}

func (l *logs) close() {
	for _, f := range []*os.File{l.handler, l.host, l.azurite} {
		if f != nil {
			_ = f.Close() // a second Stop closes them again
		}
	}
	if l.own {
		_ = os.RemoveAll(l.dir) // a leftover temporary folder hurts nobody
	}
}

// tail is the end of one log, worded as an error.
func (l *logs) tail(name string) error {
	data, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) > lastLines {
		lines = lines[len(lines)-lastLines:]
	}
	return errors.New("end of " + filepath.Join(l.dir, name) + ":\n    " + strings.Join(lines, "\n    "))
}

// record keeps bodies that the app answered.
type record struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (r *record) add(_ string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = r.data.Write(data) // a bytes.Buffer does not fail
}

// app returns a Seen that keeps only pages of the app: the sign-in pages of the
// simulated Entra must hold codes, that is their trade.
func (r *record) app(url string) func(string, []byte) {
	host := strings.TrimPrefix(url, "http://")
	return func(where string, data []byte) {
		if strings.Contains(where, host) {
			r.add(where, data)
		}
	}
}

func (r *record) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.data.Bytes())
}

// text is what a page says, without its markup.
func (p *Page) text() string {
	var b strings.Builder
	inside := false
	for _, r := range string(p.Body) {
		switch {
		case r == '<':
			inside = true
		case r == '>':
			inside = false
			b.WriteByte(' ')
		case !inside:
			b.WriteRune(r)
		}
	}
	return fmt.Sprintf("%.600s", strings.Join(strings.Fields(b.String()), " "))
}
