package jobs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/sam"
)

func TestShareAll(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	kept, boom := &common{}, errors.New("boom")
	visit := func(conn sam.ConnectionID, after time.Duration) Visit {
		return Visit{Customer: sam.Customer{Connection: conn}, Now: start.Add(after), common: kept}
	}
	fetched := 0
	for _, row := range []struct {
		name  string
		visit Visit
		key   string
		fail  error
		want  int // which fetch's answer
		err   error
	}{
		{"the first one fails", visit("a", 0), "list", boom, 0, boom},
		{"a failure is not kept", visit("a", 0), "list", nil, 2, nil},
		{"the answer is", visit("a", 4*time.Minute), "list", boom, 2, nil},
		{"not for another connection", visit("b", 0), "list", nil, 3, nil},
		{"not for another key", visit("a", 0), "other", nil, 4, nil},
		{"not for ever", visit("a", 5*time.Minute), "list", nil, 5, nil},
		{"without a job", Visit{Now: start}, "list", nil, 6, nil},
	} {
		got, err := ShareAll(t.Context(), row.visit, row.key, 5*time.Minute, func() (int, error) {
			fetched++
			return fetched, row.fail
		})
		if !errors.Is(err, row.err) || err == nil && got != row.want {
			t.Errorf("%s: %d, %v, want %d, %v", row.name, got, err, row.want, row.err)
		}
	}
}

// TestShareAllAtOnce lets many ask: one fetches, and who cannot wait is told.
func TestShareAllAtOnce(t *testing.T) {
	t.Parallel()
	v := Visit{Now: time.Now(), common: &common{}}
	begun, release := make(chan struct{}), make(chan struct{})
	var fetched atomic.Int64
	fetch := func() (string, error) {
		if fetched.Add(1) == 1 {
			close(begun)
		}
		<-release
		return "answer", nil
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := ShareAll(t.Context(), v, "k", time.Minute, fetch); got != "answer" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	<-begun
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ShareAll(ended, v, "k", time.Minute, fetch); !errors.Is(err, context.Canceled) {
		t.Errorf("who cannot wait: %v", err)
	}
	close(release)
	all.Wait()
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}
