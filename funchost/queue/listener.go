package queue

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2/queueerror"
)

// DefaultLease is the host's fixed processing lease.
const DefaultLease = 10 * time.Minute

// poisonSuffix and maxName decide whether a queue can have a poison queue.
const (
	poisonSuffix = "-poison"
	maxName      = 63
)

// Config describes a listener. Service, Queue, Process and Log are required.
type Config struct {
	Service *azqueue.ServiceClient
	Queue   string

	BatchSize, NewBatchThreshold, MaxDequeueCount int
	MaxPollingInterval, VisibilityTimeout         time.Duration
	Base64                                        bool
	Lease                                         time.Duration // 0: DefaultLease

	// Process runs the function; an error is a failed invocation.
	Process func(ctx context.Context, m Message) error
	Log     *slog.Logger
}

// Listener polls one queue. It is safe for concurrent use.
type Listener struct {
	cfg    Config
	queue  *azqueue.QueueClient
	poison *azqueue.QueueClient // nil: none

	wake    chan struct{}
	cancel  context.CancelFunc
	polling sync.WaitGroup
	tasks   sync.WaitGroup

	abandoned atomic.Bool // what runs is not settled any more

	mu      sync.Mutex
	running int
	polls   uint64 // rounds begun
	empty   uint64 // the last round that found nothing, by number
	settled uint64 // rounds begun when the last message was settled
	changed chan struct{}
}

// New makes a listener; nothing happens before Start.
func New(cfg Config) *Listener {
	if cfg.Lease == 0 {
		cfg.Lease = DefaultLease
	}
	l := &Listener{cfg: cfg, queue: cfg.Service.NewQueueClient(cfg.Queue), wake: make(chan struct{}, 1), changed: make(chan struct{})}
	if !strings.HasSuffix(cfg.Queue, poisonSuffix) && len(cfg.Queue)+len(poisonSuffix) <= maxName {
		l.poison = cfg.Service.NewQueueClient(cfg.Queue + poisonSuffix)
	}
	return l
}

// Queue is the polled queue's name.
func (l *Listener) Queue() string { return l.cfg.Queue }

// Start begins to poll and returns at once. The context's values and its end
// reach the processed messages: it must outlive StopPolling for messages to
// finish in peace.
func (l *Listener) Start(ctx context.Context) {
	polling, cancel := context.WithCancel(ctx)
	l.cancel = cancel
	l.polling.Go(func() { l.poll(polling, ctx) })
}

// StopPolling takes no further messages; those that run go on.
func (l *Listener) StopPolling() {
	l.cancel()
	l.polling.Wait()
}

// Abandon leaves every message that is being processed to its lease, as a host
// does whose machine is gone: it is neither deleted nor released.
func (l *Listener) Abandon() { l.abandoned.Store(true) }

// Wait returns when no message runs any more. Call it after StopPolling.
func (l *Listener) Wait() { l.tasks.Wait() }

// Wake ends the wait for the next round, as a message put by an output binding
// of the same host does.
func (l *Listener) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// AwaitEmpty returns once a round found nothing that began after the call and
// after the last message was settled. Messages hidden by a visibility timeout
// do not count.
func (l *Listener) AwaitEmpty(ctx context.Context) error {
	l.mu.Lock()
	after := l.polls
	l.mu.Unlock()
	for {
		l.mu.Lock()
		done, changed := l.empty > max(after, l.settled) && l.running == 0, l.changed
		l.mu.Unlock()
		if done {
			return nil
		}
		l.Wake()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// note changes the counters and tells those who wait for them.
func (l *Listener) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.changed)
	l.changed = make(chan struct{})
}

// poll is the round after round; tasks get the context that outlives polling.
func (l *Listener) poll(polling, tasks context.Context) {
	known, idle := false, 0
	for polling.Err() == nil {
		var round uint64
		l.note(func() { l.polls++; round = l.polls })
		count := 0
		if known = known || l.exists(polling); known {
			count, known = l.receive(polling, tasks)
		}
		if count > 0 {
			idle = 0
			l.awaitRoom(polling)
			continue
		}
		l.note(func() { l.empty = round })
		l.sleep(polling, wait(idle, l.cfg.MaxPollingInterval, random()))
		idle++
	}
}

func (l *Listener) exists(ctx context.Context) bool {
	_, err := l.queue.GetProperties(ctx, nil)
	if err != nil && ctx.Err() == nil && !queueerror.HasCode(err, queueerror.QueueNotFound) {
		l.cfg.Log.ErrorContext(ctx, "polling the queue failed", slog.String("queue", l.cfg.Queue), slog.Any("error", err))
	}
	return err == nil
}

// receive starts a batch; it reports false after an error, so that the queue's
// existence is checked again. The call outlives the polling: an answer thrown
// away would leave its messages leased to nobody.
func (l *Listener) receive(polling, tasks context.Context) (count int, ok bool) {
	ctx, cancel := context.WithTimeout(tasks, completion)
	defer cancel()
	response, err := l.queue.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{
		NumberOfMessages: new(int32(l.cfg.BatchSize)), VisibilityTimeout: new(int32(l.cfg.Lease / time.Second)),
	})
	if err != nil {
		if polling.Err() == nil && !queueerror.HasCode(err, queueerror.QueueNotFound) {
			l.cfg.Log.ErrorContext(ctx, "receiving messages failed", slog.String("queue", l.cfg.Queue), slog.Any("error", err))
		}
		return 0, false
	}
	for _, m := range response.Messages {
		message := read(m)
		l.note(func() { l.running++ })
		l.tasks.Go(func() {
			defer l.note(func() { l.running--; l.settled = l.polls })
			l.handle(tasks, message)
		})
	}
	return len(response.Messages), true
}

// awaitRoom waits until a new batch may be fetched.
func (l *Listener) awaitRoom(ctx context.Context) {
	for {
		l.mu.Lock()
		room, changed := l.running <= l.cfg.NewBatchThreshold, l.changed
		l.mu.Unlock()
		if room {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (l *Listener) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.wake:
	case <-ctx.Done():
	}
}
