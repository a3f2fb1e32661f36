package queue_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/funchost/queue"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	simulated "github.com/samkeeper/samkeeper/sim/queue"
)

func TestMain(m *testing.M) {
	code := m.Run()
	azurite.StopShared()
	os.Exit(code)
}

// place is where a promise is kept: on which queue service.
type place struct {
	*testing.T
	address func(testing.TB) string
}

// service opens a storage account of its own.
func (p *place) service() *azqueue.ServiceClient {
	client, err := azqueue.NewServiceClientFromConnectionString(p.address(p.T), nil)
	if err != nil {
		p.Fatal(err)
	}
	return client
}

// promises are kept on every queue service.
var promises = map[string]func(*place){
	"success deletes": successDeletes,
	"failure reaches poison at max dequeue count": failureReachesPoisonAtMaxDequeueCount,
	"failure hides for visibility timeout":        failureHidesForVisibilityTimeout,
	"not base64 is poison at once":                notBase64IsPoisonAtOnce,
	"encoding none":                               encodingNone,
	"higher count goes to poison unrun":           higherCountGoesToPoisonUnrun,
	"poison queue has no poison queue":            poisonQueueHasNoPoisonQueue,
	"one at a time":                               oneAtATime,
	"lease is renewed while the function runs":    leaseIsRenewedWhileTheFunctionRuns,
	"missing queue is just polled for":            missingQueueIsJustPolledFor,
}

// onAzurite is an account of Azurite's.
func onAzurite(tb testing.TB) string {
	tb.Helper()
	return azurite.ForTest(tb).ConnectionString()
}

// TestListener polls Azurite and the simulated queue service.
func TestListener(t *testing.T) {
	t.Parallel()
	service, err := simulated.New(simulated.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	var account atomic.Int64
	onOurs := func(testing.TB) string {
		name := fmt.Sprint("account", account.Add(1))
		return fmt.Sprintf("AccountName=%s;AccountKey=%s;QueueEndpoint=%s/%s", name, azurite.AccountKey, server.URL, name)
	}
	for side, address := range map[string]func(testing.TB) string{"azurite": onAzurite, "simulated": onOurs} {
		for name, promise := range promises {
			t.Run(side+"/"+name, func(t *testing.T) {
				t.Parallel()
				promise(&place{t, address})
			})
		}
	}
}

// rig is a queue with a listener whose function the test supplies.
type rig struct {
	*queue.Listener
	service *azqueue.ServiceClient
	mu      sync.Mutex
	seen    []queue.Message
}

func newRig(t *testing.T, service *azqueue.ServiceClient, change func(*queue.Config), process func(ctx context.Context, m queue.Message) error) *rig {
	t.Helper()
	r := &rig{service: service}
	cfg := queue.Config{
		Service: service, Queue: "work", BatchSize: 16, NewBatchThreshold: 8, MaxDequeueCount: 3,
		MaxPollingInterval: 200 * time.Millisecond, Base64: true, Log: slog.New(slog.DiscardHandler),
		Process: func(ctx context.Context, m queue.Message) error {
			r.mu.Lock()
			r.seen = append(r.seen, m)
			r.mu.Unlock()
			return process(ctx, m)
		},
	}
	if change != nil {
		change(&cfg)
	}
	if _, err := service.CreateQueue(t.Context(), cfg.Queue, nil); err != nil {
		t.Fatal(err)
	}
	r.Listener = queue.New(cfg)
	return r
}

func (r *rig) put(t *testing.T, text string) {
	t.Helper()
	if _, err := r.service.NewQueueClient(r.Queue()).EnqueueMessage(t.Context(), text, nil); err != nil {
		t.Fatal(err)
	}
}

// drain runs the listener until the queue is empty.
func (r *rig) drain(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r.Start(context.WithoutCancel(ctx))
	if err := r.AwaitEmpty(ctx); err != nil {
		t.Error("queue never ran empty:", err)
	}
	r.StopPolling()
	r.Wait()
}

// peek lists the visible messages of a queue; nil when it does not exist.
func (r *rig) peek(t *testing.T, name string) []string {
	t.Helper()
	response, err := r.service.NewQueueClient(name).PeekMessages(t.Context(), nil)
	if err != nil {
		return nil
	}
	var texts []string
	for _, m := range response.Messages {
		texts = append(texts, *m.MessageText)
	}
	return texts
}

// left is how many messages a queue holds, hidden ones included.
func (r *rig) left(t *testing.T, name string) int64 {
	t.Helper()
	properties, err := r.service.NewQueueClient(name).GetProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return *properties.ApproximateMessagesCount
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func successDeletes(p *place) {
	t := p.T
	r := newRig(t, p.service(), nil, func(context.Context, queue.Message) error { return nil })
	r.put(t, encoded("one"))
	r.drain(t)
	if len(r.seen) != 1 || string(r.seen[0].Body) != "one" || r.seen[0].DequeueCount != 1 || r.left(t, "work") != 0 {
		t.Errorf("saw %+v, %d left", r.seen, r.left(t, "work"))
	}
}

func failureReachesPoisonAtMaxDequeueCount(p *place) {
	t := p.T
	r := newRig(t, p.service(), nil, func(context.Context, queue.Message) error { return errors.New("no") })
	r.put(t, encoded("bad"))
	r.drain(t)
	var counts []int64
	for _, m := range r.seen {
		counts = append(counts, m.DequeueCount)
	}
	if !slices.Equal(counts, []int64{1, 2, 3}) {
		t.Errorf("attempts %v", counts)
	}
	if got := r.peek(t, "work-poison"); !slices.Equal(got, []string{encoded("bad")}) || r.left(t, "work") != 0 {
		t.Errorf("poison holds %q", got)
	}
}

func failureHidesForVisibilityTimeout(p *place) {
	t := p.T
	r := newRig(t, p.service(), func(c *queue.Config) { c.VisibilityTimeout = time.Hour }, func(context.Context, queue.Message) error { return errors.New("no") })
	r.put(t, encoded("later"))
	r.drain(t)
	if len(r.seen) != 1 || len(r.peek(t, "work")) != 0 || r.left(t, "work") != 1 {
		t.Errorf("%d attempts, visible %q", len(r.seen), r.peek(t, "work"))
	}
}

func notBase64IsPoisonAtOnce(p *place) {
	t := p.T
	r := newRig(t, p.service(), nil, func(context.Context, queue.Message) error { return nil })
	r.put(t, "{not base64}")
	r.drain(t)
	if got := r.peek(t, "work-poison"); len(r.seen) != 0 || !slices.Equal(got, []string{"{not base64}"}) {
		t.Errorf("%d runs, poison %q", len(r.seen), got)
	}
}

func encodingNone(p *place) {
	t := p.T
	r := newRig(t, p.service(), func(c *queue.Config) { c.Base64 = false }, func(context.Context, queue.Message) error { return nil })
	r.put(t, "{plain}")
	r.drain(t)
	if len(r.seen) != 1 || string(r.seen[0].Body) != "{plain}" {
		t.Errorf("saw %+v", r.seen)
	}
}

func higherCountGoesToPoisonUnrun(p *place) {
	t := p.T
	r := newRig(t, p.service(), func(c *queue.Config) { c.MaxDequeueCount = 1 }, func(context.Context, queue.Message) error { return nil })
	r.put(t, encoded("crasher"))
	client := r.service.NewQueueClient("work")
	got, err := client.DequeueMessage(t.Context(), nil) // the attempt of a host that died
	if err != nil {
		t.Fatal(err)
	}
	m := got.Messages[0]
	if _, err := client.UpdateMessage(t.Context(), *m.MessageID, *m.PopReceipt, *m.MessageText, &azqueue.UpdateMessageOptions{VisibilityTimeout: new(int32)}); err != nil {
		t.Fatal(err)
	}
	r.drain(t)
	if len(r.seen) != 0 || len(r.peek(t, "work-poison")) != 1 {
		t.Errorf("%d runs, poison %q", len(r.seen), r.peek(t, "work-poison"))
	}
}

func poisonQueueHasNoPoisonQueue(p *place) {
	t := p.T
	r := newRig(t, p.service(), func(c *queue.Config) { c.Queue = "work-poison" }, func(context.Context, queue.Message) error { return errors.New("no") })
	r.put(t, encoded("bad"))
	r.drain(t)
	if len(r.seen) != 1 || r.left(t, "work-poison") != 1 || len(r.peek(t, "work-poison")) != 0 {
		t.Error("a failed message of a poison queue must stay, leased")
	}
}

func oneAtATime(p *place) {
	t := p.T
	var mu sync.Mutex
	running, most := 0, 0
	r := newRig(t, p.service(), func(c *queue.Config) { c.BatchSize, c.NewBatchThreshold = 1, 0 }, func(context.Context, queue.Message) error {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		<-time.After(20 * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		return nil
	})
	for range 5 {
		r.put(t, encoded("x"))
	}
	r.drain(t)
	if most != 1 || len(r.seen) != 5 {
		t.Errorf("%d at a time, %d in all", most, len(r.seen))
	}
}

func leaseIsRenewedWhileTheFunctionRuns(p *place) {
	t := p.T
	r := newRig(t, p.service(), func(c *queue.Config) { c.Lease = 2 * time.Second }, func(ctx context.Context, _ queue.Message) error {
		select { // longer than the lease
		case <-time.After(3500 * time.Millisecond):
		case <-ctx.Done():
		}
		return nil
	})
	r.put(t, encoded("slow"))
	r.drain(t)
	if len(r.seen) != 1 || r.left(t, "work") != 0 {
		t.Errorf("%d runs, %d left: the lease was lost", len(r.seen), r.left(t, "work"))
	}
}

func missingQueueIsJustPolledFor(p *place) {
	t := p.T
	r := newRig(t, p.service(), nil, func(context.Context, queue.Message) error { return nil })
	if _, err := r.service.DeleteQueue(t.Context(), "work", nil); err != nil {
		t.Fatal(err)
	}
	r.Start(t.Context())
	defer r.Wait()
	defer r.StopPolling()
	if err := r.AwaitEmpty(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.service.CreateQueue(t.Context(), "work", nil); err != nil {
		t.Fatal(err)
	}
	r.put(t, encoded("late"))
	for {
		if err := r.AwaitEmpty(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.mu.Lock()
		n := len(r.seen)
		r.mu.Unlock()
		if n == 1 {
			return
		}
	}
}
