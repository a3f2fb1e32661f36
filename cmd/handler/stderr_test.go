package main_test

import (
	"bytes"
	"sync"
)

// standardError keeps what a running program says there. os/exec copies into
// it from a goroutine of its own, so it may be read while the program runs.
type standardError struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (e *standardError) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.said.Write(p)
}

func (e *standardError) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.said.String()
}
