package main

import (
	"context"
	"sync/atomic"
	"time"
)

// prepareTimeout bounds one attempt, so that a storage account that hangs
// costs an invocation half a minute, not its whole time.
const prepareTimeout = 30 * time.Second

// preparation does a thing until it has succeeded once. It is done on the first
// invocation instead of at start: the handler must come up without storage.
type preparation struct {
	act  func(context.Context) error
	done atomic.Bool
	turn chan struct{} // holds one token: one attempt at a time
}

func newPreparation(act func(context.Context) error) *preparation {
	p := &preparation{act: act, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// Prepare returns nil once the thing is done. Callers that come during an
// attempt wait for it and try again only if it failed.
func (p *preparation) Prepare(ctx context.Context) error {
	if p.done.Load() {
		return nil
	}
	select {
	case <-p.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { p.turn <- struct{}{} }()
	if p.done.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	if err := p.act(ctx); err != nil {
		return err
	}
	p.done.Store(true)
	return nil
}
