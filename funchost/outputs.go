package funchost

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2/queueerror"
	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/funchost/queue"
	"github.com/samkeeper/samkeeper/funchost/script"
	"github.com/samkeeper/samkeeper/funchost/wire"
)

// returnName is the binding that takes ReturnValue.
const returnName = "$return"

func returns(f *script.Function) bool {
	return slices.ContainsFunc(f.Outputs, func(b script.Binding) bool { return b.Name == returnName })
}

// output is the value meant for a binding; nil when there is none.
func output(f *script.Function, b script.Binding, answer wire.Answer) json.RawMessage {
	if b.Name == returnName {
		return answer.ReturnValue
	}
	return answer.Spread(returns(f))[b.Name]
}

// sendOutputs sends queue outputs, in parallel over bindings. A failed send
// fails the invocation; what was sent before stays sent.
func (h *Host) sendOutputs(ctx context.Context, f *script.Function, answer wire.Answer, meta *wire.Metadata) error {
	var sends errgroup.Group
	for _, b := range f.Outputs {
		if !b.Is("queue") {
			continue
		}
		sends.Go(func() error {
			if err := h.sendQueue(ctx, b, output(f, b, answer), meta); err != nil {
				return fmt.Errorf("output %s: %w", b.Name, err)
			}
			return nil
		})
	}
	return sends.Wait()
}

func (h *Host) sendQueue(ctx context.Context, b script.Binding, value json.RawMessage, meta *wire.Metadata) error {
	bodies, err := wire.QueueMessages(value, b.DataType)
	if err != nil || len(bodies) == 0 {
		return err
	}
	target, err := b.Queue()
	if err != nil {
		return err
	}
	name, err := meta.Expand(target.Name)
	if err != nil {
		return err
	}
	if err := script.CheckQueueName(name); err != nil {
		return err
	}
	service, err := h.storage.queueService(target.Connection)
	if err != nil {
		return err
	}
	client := service.NewQueueClient(name)
	for _, body := range bodies {
		if err := put(ctx, client, body, h.app.Host.Queues.Base64); err != nil {
			return fmt.Errorf("queue %s: %w", name, err)
		}
	}
	h.wake(name)
	return nil
}

// put sends one message and creates the queue when it is missing.
func put(ctx context.Context, client *azqueue.QueueClient, body []byte, asBase64 bool) error {
	text, err := queue.Encode(body, asBase64)
	if err != nil {
		return err
	}
	_, err = client.EnqueueMessage(ctx, text, nil)
	if !queueerror.HasCode(err, queueerror.QueueNotFound) {
		return err
	}
	if _, err := client.Create(ctx, nil); err != nil {
		return err
	}
	_, err = client.EnqueueMessage(ctx, text, nil)
	return err
}

// wake tells this host's own listener of the queue about a new message.
func (h *Host) wake(name string) {
	for _, l := range h.queues {
		if l.Queue() == name {
			l.Wake()
		}
	}
}
