package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/sim/storage"
)

// once makes clients that do not repeat what failed.
var once = azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}

func start(t *testing.T, options storage.Options) *storage.Server {
	t.Helper()
	s, err := storage.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func table(t *testing.T, s *storage.Server) *aztables.Client {
	t.Helper()
	service, err := aztables.NewServiceClientFromConnectionString(s.ConnectionString(), &aztables.ClientOptions{ClientOptions: once})
	if err != nil {
		t.Fatal(err)
	}
	client := service.NewClient("Rows")
	if _, err := client.CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return client
}

func jobs(t *testing.T, s *storage.Server) *azqueue.QueueClient {
	t.Helper()
	service, err := azqueue.NewServiceClientFromConnectionString(s.ConnectionString(), &azqueue.ClientOptions{ClientOptions: once})
	if err != nil {
		t.Fatal(err)
	}
	client := service.NewQueueClient("jobs")
	if _, err := client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return client
}

func add(t *testing.T, client *aztables.Client, n int) error {
	t.Helper()
	_, err := client.AddEntity(t.Context(), fmt.Appendf(nil, `{"PartitionKey":"p","RowKey":"%d"}`, n), nil)
	return err
}

// fates plays 200 writes and tells how each ended: "." applied, "5" refused,
// "x" applied without an answer.
func fates(t *testing.T, seed uint64) string {
	t.Helper()
	s := start(t, storage.Options{Seed: seed})
	client := table(t, s)
	s.SetFaults(storage.Faults{Refuse: 0.2, LoseAnswer: 0.1})
	var ends []byte
	for n := range 200 {
		err := add(t, client, n)
		var answer *azcore.ResponseError
		switch {
		case err == nil:
			ends = append(ends, '.')
		case errors.As(err, &answer) && answer.StatusCode >= http.StatusInternalServerError:
			ends = append(ends, '5')
		default:
			ends = append(ends, 'x')
		}
	}
	s.SetFaults(storage.Faults{})
	for n, end := range ends {
		_, err := client.GetEntity(t.Context(), "p", fmt.Sprint(n), nil)
		if applied := err == nil; applied != (end != '5') {
			t.Fatalf("write %d ended %q, the row is there: %v", n, end, applied)
		}
	}
	if m := s.Mishaps(); int(m.Refused) != bytes.Count(ends, []byte("5")) || int(m.Lost) != bytes.Count(ends, []byte("x")) {
		t.Errorf("%+v counted, seen %s", m, ends)
	}
	return string(ends)
}

func TestFaultsAreDrawnFromTheSeed(t *testing.T) {
	t.Parallel()
	first := fates(t, 1)
	if again := fates(t, 1); again != first {
		t.Errorf("the same seed:\n%s\n%s", first, again)
	}
	if other := fates(t, 2); other == first {
		t.Error("another seed, the same fates")
	}
}

func TestMessagesAreLostDoubledAndLate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		faults    storage.MessageFaults
		now, late int // messages of 20 that are visible at once, and a minute later
	}{
		{"none", storage.MessageFaults{}, 20, 0},
		{"dropped", storage.MessageFaults{Drop: 1}, 0, 0},
		{"doubled", storage.MessageFaults{Duplicate: 1}, 40, 0},
		{"late", storage.MessageFaults{Delay: 1, DelayBy: 30 * time.Second}, 0, 20},
		{"left visible", storage.MessageFaults{Redeliver: 1}, 32, 0}, // the same ones, over and over
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, storage.Options{Faults: storage.Faults{Messages: map[string]storage.MessageFaults{"jobs": tc.faults}}})
			queue := jobs(t, s)
			for range 20 {
				if _, err := queue.EnqueueMessage(t.Context(), "x", nil); err != nil {
					t.Fatal(err)
				}
			}
			take := func() int {
				n := 0
				for range 2 {
					got, err := queue.DequeueMessages(t.Context(), &azqueue.DequeueMessagesOptions{NumberOfMessages: new(int32(32)), VisibilityTimeout: new(int32(3600))})
					if err != nil {
						t.Fatal(err)
					}
					n += len(got.Messages)
				}
				return n
			}
			if n := take(); n < tc.now {
				t.Errorf("%d messages at once, want %d", n, tc.now)
			}
			s.Advance(storage.Queue, time.Minute)
			if n := take(); tc.name != "left visible" && n != tc.late {
				t.Errorf("%d messages a minute later, want %d", n, tc.late)
			}
		})
	}
}

// TestLeasesFollowTheClock: the part of the table of outcomes that takes time.
func TestLeasesFollowTheClock(t *testing.T) {
	t.Parallel()
	s := start(t, storage.Options{})
	box, err := container.NewClientFromConnectionString(s.ConnectionString(), "box", &container.ClientOptions{ClientOptions: once})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := box.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	write := func(options *blockblob.UploadBufferOptions) {
		t.Helper()
		if _, err := box.NewBlockBlobClient("lock").UploadBuffer(t.Context(), nil, options); err != nil {
			t.Fatal(err)
		}
	}
	write(nil)
	as := func() *lease.BlobClient {
		client, err := lease.NewBlobClient(box.NewBlobClient("lock"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	mine, other := as(), as()
	try := func(what string, good bool, act func() error) {
		t.Helper()
		if err := act(); (err == nil) != good {
			t.Errorf("%s: %v", what, err)
		}
	}
	acquire := func(l *lease.BlobClient) func() error {
		return func() error { _, err := l.AcquireLease(t.Context(), 15, nil); return err }
	}
	renew := func(l *lease.BlobClient) func() error {
		return func() error { _, err := l.RenewLease(t.Context(), nil); return err }
	}
	try("acquire", true, acquire(mine))
	s.Advance(storage.Blob, 10*time.Second)
	try("acquire after 10 s", false, acquire(other))
	try("renew after 10 s", true, renew(mine))
	s.Advance(storage.Blob, 10*time.Second)
	try("acquire 10 s after the renewal", false, acquire(other))
	s.Advance(storage.Blob, 10*time.Second)
	try("renew what ran out", true, renew(mine))
	s.Advance(storage.Blob, 20*time.Second)
	try("acquire what ran out", true, acquire(other))
	try("renew what was taken", false, renew(mine))
	s.Advance(storage.Blob, 20*time.Second)
	write(nil)
	try("renew what ran out and was written", false, renew(other))
}

func TestRequestsAreCountedByKind(t *testing.T) {
	t.Parallel()
	s := start(t, storage.Options{})
	client := table(t, s)
	for n := range 3 {
		if err := add(t, client, n); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Requests()["table POST Rows"]; n != 3 {
		t.Errorf("%d requests, all: %v", n, s.Requests())
	}
}
