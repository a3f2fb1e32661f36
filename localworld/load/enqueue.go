package load

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
	"golang.org/x/sync/errgroup"

	"github.com/samkeeper/samkeeper/sim/storage"
)

// Senders is how many messages either side of the contest has under way.
const Senders = 32

// turns is how often the two sides take turns. What a busy machine does to one
// of them in one turn, it does to the other in another; the median of the
// turns' ratios counts.
const turns = 10

// side puts n messages on the account's queue and says how long that took.
type side func(ctx context.Context, connectionString string, n int) (time.Duration, error)

// contest puts the same number of messages on the same queue, with the plain
// client and the way the program does.
func contest(ctx context.Context, n int, ours side, say func(string, ...any)) (Contest, error) {
	account, err := storage.Start(ctx, storage.Options{})
	if err != nil {
		return Contest{}, fmt.Errorf("starting the simulated storage: %w", err)
	}
	defer account.Stop()
	service, err := azqueue.NewServiceClientFromConnectionString(account.ConnectionString(), &azqueue.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: client()},
	})
	if err != nil {
		return Contest{}, fmt.Errorf("opening the queue: %w", err)
	}
	queue := service.NewQueueClient(jobsQueue)
	if _, err := queue.Create(ctx, nil); err != nil {
		return Contest{}, fmt.Errorf("creating the queue: %w", err)
	}
	timed := func(put side) (float64, error) {
		took, err := put(ctx, account.ConnectionString(), n/turns)
		if err != nil {
			return 0, fmt.Errorf("enqueues: %w", err)
		}
		return took.Seconds(), emptied(ctx, queue, n/turns)
	}
	theirs := func(ctx context.Context, _ string, n int) (time.Duration, error) { return plain(ctx, queue, n) }
	c := Contest{Messages: n / turns * turns}
	for turn := range turns {
		say("enqueues, turn %d of %d", turn+1, turns)
		if err := c.take(timed, theirs, ours, turn%2 == 1); err != nil {
			return c, err
		}
	}
	return c, nil
}

// take plays one turn, and adds it up.
func (c *Contest) take(timed func(side) (float64, error), theirs, ours side, oursFirst bool) error {
	var plainS, oursS float64
	var err error
	first, second := func() { plainS, err = timed(theirs) }, func() { oursS, err = timed(ours) }
	if oursFirst {
		first, second = second, first
	}
	if first(); err != nil {
		return err
	}
	if second(); err != nil {
		return err
	}
	c.PlainS += plainS
	c.OursS += oursS
	c.Ratios = append(c.Ratios, plainS/oursS)
	return nil
}

// client keeps a connection for each sender, as the program's own does.
func client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = Senders
	return &http.Client{Transport: transport}
}

// plain is the loop that anybody would write: the client of the SDK, and a few
// goroutines.
func plain(ctx context.Context, queue *azqueue.QueueClient, n int) (time.Duration, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(Senders)
	began := time.Now()
	for i := range n {
		group.Go(func() error {
			text := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, likeAJob, i))
			_, err := queue.EnqueueMessage(ctx, text, &azqueue.EnqueueMessageOptions{TimeToLive: new(int32(-1))})
			return err
		})
	}
	err := group.Wait()
	return time.Since(began), err
}

// likeAJob is as long as a job message.
const likeAJob = `{"v":1,"run":"20261121T120000Z-0000","customer":"00000000-0000-4000-8000-%012d","connection":"00000000-0000-4000-8000-000000000000.00000000-0000-4000-8000-000000000000","tasks":["subscriptions","health","directory"],"try":1}`

// emptied checks that all messages are there and takes them off.
func emptied(ctx context.Context, queue *azqueue.QueueClient, n int) error {
	response, err := queue.GetProperties(ctx, nil)
	if err != nil {
		return fmt.Errorf("looking at the queue: %w", err)
	}
	if have := *response.ApproximateMessagesCount; have != int64(n) {
		return fmt.Errorf("%d messages are on the queue, want %d", have, n)
	}
	if _, err := queue.ClearMessages(ctx, nil); err != nil {
		return fmt.Errorf("clearing the queue: %w", err)
	}
	return nil
}
