package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPreparationSucceedsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int32
		p := newPreparation(func(context.Context) error {
			<-time.After(time.Second) // of the bubble: so that the callers meet
			if attempts.Add(1) == 1 {
				return errors.New("storage is away")
			}
			return nil
		})
		var failed atomic.Int32
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				if p.Prepare(t.Context()) != nil {
					failed.Add(1)
				}
			})
		}
		callers.Wait()
		if attempts.Load() != 2 || failed.Load() != 1 {
			t.Errorf("%d attempts, %d callers failed; want 2 and 1", attempts.Load(), failed.Load())
		}
	})
}

func TestPreparationIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPreparation(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		began := time.Now()
		go func() { _ = p.Prepare(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Prepare(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("a waiting caller got %v after %v", err, time.Since(began))
		}
		if err := p.Prepare(t.Context()); err == nil || time.Since(began) != 2*prepareTimeout {
			t.Errorf("an attempt that hangs ended with %v after %v", err, time.Since(began))
		}
	})
}
