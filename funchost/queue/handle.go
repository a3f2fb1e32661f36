package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2/queueerror"
)

// completion bounds the calls that settle a message; they do not end with the
// invocation's context.
const completion = time.Minute

// handle takes one message from receipt to its end.
func (l *Listener) handle(ctx context.Context, m received) {
	settle := context.WithoutCancel(ctx)
	body, err := decode(m.text, l.cfg.Base64)
	if err != nil && l.poison != nil {
		l.cfg.Log.ErrorContext(ctx, "message is not base64 and moves to the poison queue", slog.String("queue", l.cfg.Queue), slog.String("message", m.ID))
		l.report(l.toPoison(settle, m), m)
		return
	}
	if err != nil {
		return // stays leased
	}
	m.Body = body
	if l.poison != nil && m.DequeueCount > int64(l.cfg.MaxDequeueCount) {
		l.report(l.toPoison(settle, m), m)
		return
	}
	receipt, err := l.process(ctx, m)
	if l.abandoned.Load() {
		return // stays leased
	}
	m.PopReceipt = receipt
	l.report(l.complete(settle, m, err), m)
}

// report records what could not be done to a message; the service will
// deliver it again.
func (l *Listener) report(err error, m received) {
	if err != nil {
		l.cfg.Log.Error("settling a message failed", slog.String("queue", l.cfg.Queue), slog.String("message", m.ID), slog.Any("error", err))
	}
}

// process runs the function while the lease is renewed and returns the receipt
// that is valid afterwards.
func (l *Listener) process(ctx context.Context, m received) (receipt string, err error) {
	renewing, cancel := context.WithCancel(ctx)
	receipt = m.PopReceipt
	var renewal sync.WaitGroup
	renewal.Go(func() { receipt = l.renew(renewing, m) })
	err = l.cfg.Process(ctx, m.Message)
	cancel()
	renewal.Wait()
	return receipt, err
}

// renew extends the lease at half time, more often after server errors. When
// the receipt is no longer ours it gives up; the function is not told.
func (l *Listener) renew(ctx context.Context, m received) (receipt string) {
	receipt, pause := m.PopReceipt, l.cfg.Lease/2
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return receipt
		case <-timer.C:
		}
		response, err := l.update(context.WithoutCancel(ctx), m.ID, receipt, m.text, l.cfg.Lease)
		switch {
		case err == nil:
			receipt, pause = value(response.PopReceipt), l.cfg.Lease/2
		case serverError(err):
			pause = max(pause/2, l.cfg.Lease/10)
		default:
			return receipt
		}
	}
}

func (l *Listener) update(ctx context.Context, id, receipt, text string, hidden time.Duration) (azqueue.UpdateMessageResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, completion)
	defer cancel()
	return l.queue.UpdateMessage(ctx, id, receipt, text, &azqueue.UpdateMessageOptions{
		VisibilityTimeout: new(int32(hidden / time.Second)),
	})
}

// complete settles a message after its invocation.
func (l *Listener) complete(ctx context.Context, m received, failure error) error {
	switch {
	case failure == nil:
		return l.remove(ctx, m)
	case l.poison == nil:
		return nil // stays leased
	case m.DequeueCount >= int64(l.cfg.MaxDequeueCount):
		l.cfg.Log.WarnContext(ctx, "message failed for the last time and moves to the poison queue", slog.String("queue", l.cfg.Queue), slog.String("message", m.ID), slog.Int64("attempts", m.DequeueCount))
		return l.toPoison(ctx, m)
	}
	_, err := l.update(ctx, m.ID, m.PopReceipt, m.text, l.cfg.VisibilityTimeout)
	return unlessGone(err, "releasing")
}

// toPoison copies the text and deletes the original, in this order.
func (l *Listener) toPoison(ctx context.Context, m received) error {
	ctx, cancel := context.WithTimeout(ctx, completion)
	defer cancel()
	_, err := l.poison.EnqueueMessage(ctx, m.text, nil)
	if queueerror.HasCode(err, queueerror.QueueNotFound) {
		if _, err = l.poison.Create(ctx, nil); err == nil {
			_, err = l.poison.EnqueueMessage(ctx, m.text, nil)
		}
	}
	if err != nil {
		return fmt.Errorf("copying to the poison queue: %w", err)
	}
	return l.remove(ctx, m)
}

func (l *Listener) remove(ctx context.Context, m received) error {
	ctx, cancel := context.WithTimeout(ctx, completion)
	defer cancel()
	_, err := l.queue.DeleteMessage(ctx, m.ID, m.PopReceipt, nil)
	return unlessGone(err, "deleting")
}

// unlessGone ignores that somebody else has the message by now.
func unlessGone(err error, doing string) error {
	if err == nil || queueerror.HasCode(err, queueerror.MessageNotFound, queueerror.PopReceiptMismatch, queueerror.QueueNotFound) {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// serverError reports whether the service, not the request, failed.
func serverError(err error) bool {
	var response *azcore.ResponseError
	return !errors.As(err, &response) || response.StatusCode >= 500
}
