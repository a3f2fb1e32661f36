package storage

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// Limits of the queue service.
const (
	// MaxMessage is the most bytes of a message: 64 KiB once base64-encoded.
	MaxMessage = 48 << 10
	// MaxDelay is the longest a message can stay invisible.
	MaxDelay = 7 * 24 * time.Hour
)

// Errors of [Clients.Send] that no second try mends.
var (
	ErrMessageTooLarge = errors.New("the message is larger than 48 KiB")
	ErrDelayTooLong    = errors.New("the delay is outside 0 to 7 days")
)

// forever keeps a message until somebody deletes it: neither a job nor an event
// may vanish because its reader was away for a week.
const forever int32 = -1

// Send puts a message on a queue, invisible for the given delay (rounded up to
// seconds). The body is base64-encoded: that is what the Functions host
// decodes by default, and what lets any byte through.
func (c *Clients) Send(ctx context.Context, queue string, body []byte, delay time.Duration) error {
	if len(body) > MaxMessage {
		return fmt.Errorf("send %d bytes to queue %s: %w", len(body), queue, ErrMessageTooLarge)
	}
	if delay < 0 || delay > MaxDelay {
		return fmt.Errorf("send to queue %s after %v: %w", queue, delay, ErrDelayTooLong)
	}
	hidden := int32((delay + time.Second - 1) / time.Second)
	ttl := forever
	_, err := c.Queue(queue).EnqueueMessage(ctx, base64.StdEncoding.EncodeToString(body), &azqueue.EnqueueMessageOptions{
		VisibilityTimeout: &hidden,
		TimeToLive:        &ttl,
	})
	if err != nil {
		return fmt.Errorf("send to queue %s: %w", queue, err)
	}
	return nil
}
