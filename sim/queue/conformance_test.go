package queue_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/queue"
	"github.com/samkeeper/samkeeper/sim/sharedkey"
)

func TestMain(m *testing.M) {
	defer azurite.StopShared()
	m.Run()
}

// clientOf makes Microsoft's client for an account; it tries once.
func clientOf(t *testing.T, account, url string) *azqueue.ServiceClient {
	t.Helper()
	key, err := azqueue.NewSharedKeyCredential(account, sharedkey.EmulatorKey)
	if err != nil {
		t.Fatal(err)
	}
	client, err := azqueue.NewServiceClientWithSharedKeyCredential(url, key, &azqueue.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// ours starts the service and gives its client.
func ours(t *testing.T, options queue.Options) (*queue.Server, *azqueue.ServiceClient) {
	t.Helper()
	service, err := queue.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return service, clientOf(t, "acct", server.URL+"/acct")
}

// code is an error's code, "" for none.
func code(err error) string {
	var response *azcore.ResponseError
	if err == nil {
		return ""
	}
	if !errors.As(err, &response) {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", response.StatusCode, response.ErrorCode)
}

// bench is what a row of the table works with: the service and one queue.
type bench struct {
	*testing.T
	ctx     context.Context
	service *azqueue.ServiceClient
	queue   *azqueue.QueueClient
}

func (b *bench) want(what string, have, want any) {
	b.Helper()
	if have != want {
		b.Errorf("%s: %v, want %v", what, have, want)
	}
}

func (b *bench) put(text string, o *azqueue.EnqueueMessageOptions) azqueue.EnqueueMessagesResponse {
	b.Helper()
	response, err := b.queue.EnqueueMessage(b.ctx, text, o)
	if err != nil || len(response.Messages) != 1 {
		b.Fatalf("put: %d messages, %v", len(response.Messages), err)
	}
	return response
}

// get receives up to n messages that stay away for a minute.
func (b *bench) get(n int32) []*azqueue.DequeuedMessage {
	b.Helper()
	response, err := b.queue.DequeueMessages(b.ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &n, VisibilityTimeout: new(int32(60))})
	if err != nil {
		b.Fatal("get:", err)
	}
	return response.Messages
}

func (b *bench) count() int64 {
	b.Helper()
	response, err := b.queue.GetProperties(b.ctx, nil)
	if err != nil {
		b.Fatal("metadata:", err)
	}
	return *response.ApproximateMessagesCount
}

// conformance is what Azurite and our service must both do.
var conformance = map[string]func(*bench){
	"create again, with the same and with other metadata": func(b *bench) {
		_, err := b.queue.Create(b.ctx, nil)
		b.want("same", code(err), "")
		_, err = b.queue.Create(b.ctx, &azqueue.CreateOptions{Metadata: map[string]*string{"a": new("1")}})
		b.want("other", code(err), "409 QueueAlreadyExists")
	},
	"metadata is kept and replaced": func(b *bench) {
		for _, metadata := range []map[string]*string{{"owner": new("sam"), "ring": new("2")}, {"ring": new("3")}} {
			if _, err := b.queue.SetMetadata(b.ctx, &azqueue.SetMetadataOptions{Metadata: metadata}); err != nil {
				b.Fatal(err)
			}
			response, err := b.queue.GetProperties(b.ctx, nil)
			b.want("read", code(err), "")
			b.want("entries", len(response.Metadata), len(metadata))
			for name, value := range response.Metadata {
				b.want(name, *value, *metadata[strings.ToLower(name)])
			}
		}
	},
	"queues are listed by prefix, in pages": func(b *bench) {
		for _, name := range []string{"list-a", "list-b", "list-c"} {
			if _, err := b.service.CreateQueue(b.ctx, name, nil); err != nil {
				b.Fatal(err)
			}
		}
		var names []string
		pager := b.service.NewListQueuesPager(&azqueue.ListQueuesOptions{Prefix: new("list-"), MaxResults: new(int32(2))})
		pages := 0
		for ; pager.More(); pages++ {
			page, err := pager.NextPage(b.ctx)
			if err != nil {
				b.Fatal(err)
			}
			for _, q := range page.Queues {
				names = append(names, *q.Name)
			}
		}
		b.want("names", strings.Join(names, " "), "list-a list-b list-c")
		b.want("pages", pages, 2)
	},
	"a list tells metadata when asked": func(b *bench) {
		if _, err := b.service.CreateQueue(b.ctx, "told-a", &azqueue.CreateOptions{Metadata: map[string]*string{"owner": new("s&m")}}); err != nil {
			b.Fatal(err)
		}
		page, err := b.service.NewListQueuesPager(&azqueue.ListQueuesOptions{Prefix: new("told-"), Include: azqueue.ListQueuesInclude{Metadata: true}}).NextPage(b.ctx)
		if err != nil || len(page.Queues) != 1 {
			b.Fatal(len(page.Queues), err)
		}
		for name, value := range page.Queues[0].Metadata {
			b.want(strings.ToLower(name), *value, "s&m")
		}
		b.want("entries", len(page.Queues[0].Metadata), 1)
	},
	"a deleted queue is not found": func(b *bench) {
		b.put("x", nil)
		_, err := b.queue.Delete(b.ctx, nil)
		b.want("delete", code(err), "")
		_, err = b.queue.Delete(b.ctx, nil)
		b.want("again", code(err), "404 QueueNotFound")
		_, err = b.queue.EnqueueMessage(b.ctx, "x", nil)
		b.want("put", code(err), "404 QueueNotFound")
		_, err = b.queue.DequeueMessage(b.ctx, nil)
		b.want("get", code(err), "404 QueueNotFound")
		_, err = b.queue.GetProperties(b.ctx, nil)
		b.want("metadata", code(err), "404 QueueNotFound")
	},
	"what is put can be received, with a new receipt and a count": func(b *bench) {
		put := b.put("text", nil).Messages[0]
		got := b.get(1)
		if len(got) != 1 {
			b.Fatal("nothing received")
		}
		m := got[0]
		b.want("id", *m.MessageID, *put.MessageID)
		b.want("text", *m.MessageText, "text")
		b.want("count", *m.DequeueCount, int64(1))
		b.want("a new receipt", *m.PopReceipt != *put.PopReceipt, true)
		b.want("time to live", m.ExpirationTime.Sub(*m.InsertionTime), 7*24*time.Hour)
		hidden := time.Until(*m.TimeNextVisible)
		b.want("hidden for about a minute", hidden > 50*time.Second && hidden <= 61*time.Second, true)
		b.want("more", len(b.get(1)), 0)
	},
	"messages come in the order they were put, 32 at most": func(b *bench) {
		for i := range 40 {
			b.put(fmt.Sprint(i), nil)
		}
		first, second := b.get(32), b.get(32)
		b.want("first", len(first), 32)
		b.want("second", len(second), 8)
		for i, m := range slices.Concat(first, second) {
			b.want("text", *m.MessageText, fmt.Sprint(i))
		}
	},
	"special characters and the empty text survive": func(b *bench) {
		for _, text := range []string{`<a b="c">&amp; ]]> 'é' 😀`, "", "  spaces  ", "two\nlines\ttab"} {
			b.put(text, nil)
			got := b.get(1)
			have := ""
			if got[0].MessageText != nil {
				have = *got[0].MessageText
			}
			b.want("text", have, text)
		}
	},
	"64 KiB is the most": func(b *bench) {
		b.put(strings.Repeat("x", 64<<10), nil)
		_, err := b.queue.EnqueueMessage(b.ctx, strings.Repeat("x", 64<<10+1), nil)
		b.want("one more byte", code(err), "413 RequestBodyTooLarge")
	},
	"a message that is put for later is not there yet": func(b *bench) {
		b.put("later", &azqueue.EnqueueMessageOptions{VisibilityTimeout: new(int32(3600))})
		b.want("received", len(b.get(1)), 0)
		b.want("counted", b.count(), int64(1))
	},
	"a time to live of -1 is for ever": func(b *bench) {
		put := b.put("x", &azqueue.EnqueueMessageOptions{TimeToLive: new(int32(-1))})
		b.want("year", put.Messages[0].ExpirationTime.Year(), 9999)
	},
	"times that are refused": func(b *bench) {
		for name, row := range map[string]struct {
			hidden, ttl int32
			want        string
		}{
			"hidden too long":         {604801, 700000, "400 OutOfRangeQueryParameterValue"},
			"hidden below 0":          {-1, 10, "400 OutOfRangeQueryParameterValue"},
			"no life":                 {0, 0, "400 InvalidQueryParameterValue"},
			"hidden as long as alive": {10, 10, "400 InvalidQueryParameterValue"},
		} {
			_, err := b.queue.EnqueueMessage(b.ctx, "x", &azqueue.EnqueueMessageOptions{VisibilityTimeout: &row.hidden, TimeToLive: &row.ttl})
			b.want(name, code(err), row.want)
		}
	},
	"numbers that are refused": func(b *bench) {
		for _, n := range []int32{33, 1000} {
			_, err := b.queue.DequeueMessages(b.ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &n})
			b.want("get", code(err), "400 OutOfRangeQueryParameterValue")
			_, err = b.queue.PeekMessages(b.ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: &n})
			b.want("peek", code(err), "400 OutOfRangeQueryParameterValue")
		}
		for _, seconds := range []int32{0, 604801} {
			_, err := b.queue.DequeueMessage(b.ctx, &azqueue.DequeueMessageOptions{VisibilityTimeout: &seconds})
			b.want("hidden", code(err), "400 OutOfRangeQueryParameterValue")
		}
	},
	"peeking changes nothing": func(b *bench) {
		for _, text := range []string{"one", "two", "three"} {
			b.put(text, nil)
		}
		for range 2 {
			response, err := b.queue.PeekMessages(b.ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: new(int32(2))})
			if err != nil || len(response.Messages) != 2 {
				b.Fatal(len(response.Messages), err)
			}
			b.want("first", *response.Messages[0].MessageText, "one")
			b.want("count", *response.Messages[1].DequeueCount, int64(0))
		}
		b.want("received", len(b.get(32)), 3)
	},
	"updating shows a message again, with another text and receipt": func(b *bench) {
		b.put("old", nil)
		m := b.get(1)[0]
		updated, err := b.queue.UpdateMessage(b.ctx, *m.MessageID, *m.PopReceipt, "new", &azqueue.UpdateMessageOptions{VisibilityTimeout: new(int32(0))})
		b.want("update", code(err), "")
		b.want("a new receipt", *updated.PopReceipt != *m.PopReceipt, true)
		again := b.get(1)[0]
		b.want("id", *again.MessageID, *m.MessageID)
		b.want("text", *again.MessageText, "new")
		b.want("count", *again.DequeueCount, int64(2))
	},
	"only the newest receipt counts": func(b *bench) {
		b.put("x", nil)
		m := b.get(1)[0]
		updated, err := b.queue.UpdateMessage(b.ctx, *m.MessageID, *m.PopReceipt, "x", &azqueue.UpdateMessageOptions{VisibilityTimeout: new(int32(60))})
		b.want("update", code(err), "")
		_, err = b.queue.DeleteMessage(b.ctx, *m.MessageID, *m.PopReceipt, nil)
		b.want("delete with the old one", code(err), "400 PopReceiptMismatch")
		_, err = b.queue.UpdateMessage(b.ctx, *m.MessageID, *m.PopReceipt, "y", nil)
		b.want("update with the old one", code(err), "400 PopReceiptMismatch")
		_, err = b.queue.DeleteMessage(b.ctx, *m.MessageID, *updated.PopReceipt, nil)
		b.want("delete", code(err), "")
		_, err = b.queue.DeleteMessage(b.ctx, *m.MessageID, *updated.PopReceipt, nil)
		b.want("delete again", code(err), "404 MessageNotFound")
		_, err = b.queue.UpdateMessage(b.ctx, *m.MessageID, *updated.PopReceipt, "y", nil)
		b.want("update what is gone", code(err), "404 MessageNotFound")
	},
	"a receipt from putting deletes": func(b *bench) {
		put := b.put("x", nil).Messages[0]
		_, err := b.queue.DeleteMessage(b.ctx, *put.MessageID, *put.PopReceipt, nil)
		b.want("delete", code(err), "")
		b.want("counted", b.count(), int64(0))
	},
	"clearing drops all, also what is hidden": func(b *bench) {
		b.put("x", nil)
		b.put("y", nil)
		m := b.get(1)[0]
		_, err := b.queue.ClearMessages(b.ctx, nil)
		b.want("clear", code(err), "")
		b.want("counted", b.count(), int64(0))
		_, err = b.queue.DeleteMessage(b.ctx, *m.MessageID, *m.PopReceipt, nil)
		b.want("delete", code(err), "404 MessageNotFound")
	},
	"names that are refused": func(b *bench) {
		for name, want := range map[string]string{
			"ab": "400 OutOfRangeInput", strings.Repeat("a", 64): "400 OutOfRangeInput",
			"UPPER": "400 InvalidResourceName", "a--b": "400 InvalidResourceName", "-ab": "400 InvalidResourceName", "a_b": "400 InvalidResourceName",
		} {
			_, err := b.service.CreateQueue(b.ctx, name, nil)
			b.want(name, code(err), want)
		}
	},
	"a foreign key is refused": func(b *bench) {
		key, err := azqueue.NewSharedKeyCredential("acct", "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==")
		if err != nil {
			b.Fatal(err)
		}
		stranger, err := azqueue.NewQueueClientWithSharedKeyCredential(b.queue.URL(), key, nil)
		if err != nil {
			b.Fatal(err)
		}
		_, err = stranger.EnqueueMessage(b.ctx, "x", nil)
		b.want("put", code(err), "403 AuthenticationFailed")
	},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	emulator := azurite.ForTest(t)
	_, own := ours(t, queue.Options{})
	for side, service := range map[string]*azqueue.ServiceClient{
		"azurite": clientOf(t, emulator.Account(), emulator.QueueURL()), "ours": own,
	} {
		n := 0
		for name, row := range conformance {
			n++
			q := service.NewQueueClient(fmt.Sprintf("row-%d", n))
			t.Run(side+"/"+name, func(t *testing.T) {
				if _, err := q.Create(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				row(&bench{t, t.Context(), service, q})
			})
		}
	}
}
