package jobs_test

import (
	"encoding/base64"
	"encoding/json"
	"sync"
	"testing"

	"github.com/samkeeper/samkeeper/internal/jobs"
	"github.com/samkeeper/samkeeper/internal/lease"
	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/sam"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/internal/throttle"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// receive takes every message from a queue of the real service.
func receive(t *testing.T, clients *storage.Clients, queue string) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		got, err := clients.Queue(queue).DequeueMessage(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return all
		}
		m := got.Messages[0]
		body, err := base64.StdEncoding.DecodeString(*m.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := clients.Queue(queue).DeleteMessage(t.Context(), *m.MessageID, *m.PopReceipt, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, body)
	}
}

// A whole sweep over real storage: tables, queues, leases, blobs, throttle.
func TestSweepOverRealStorage(t *testing.T) {
	t.Parallel()
	clients, err := storage.New(storage.Config{ConnectionString: azurite.ForTest(t).ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	book := ledger.New(clients.Table, nil)
	docs := ledger.NewResultStore(clients.Container(storage.ContainerResults))
	registry, err := jobs.NewRegistry(finds("health", "k"), does("directory", jobs.Result{},
		&sam.Problem{Class: sam.ClassCustomer, Reason: sam.ConsentMissing, Plain: "No consent."}))
	if err != nil {
		t.Fatal(err)
	}
	known := &books{}
	for i := range 12 {
		known.customers = append(known.customers, sam.Customer{ID: customer(i)})
	}
	known.customers[0].Access = sam.NoGDAP
	j, err := jobs.New(jobs.Deps{
		Ledger: book, Results: docs, Queue: clients, Tokens: tokens{}, Fleet: known, Tasks: registry,
		Leases: jobs.BlobLeases(lease.New(clients.Container(storage.ContainerLeases))),
		Gate:   throttle.New(clients.Table(storage.TableThrottles)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := book.PutConnection(t.Context(), ledger.Connection{ID: conn, Kind: sam.PartnerConnection}); err != nil {
		t.Fatal(err)
	}

	var openers sync.WaitGroup
	for range 3 { // three timers fire at once: one run
		openers.Go(func() {
			if _, err := j.OpenRun(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	openers.Wait()
	messages := receive(t, clients, storage.QueueCustomerJobs)
	if len(messages) != 11 {
		t.Fatalf("%d messages", len(messages))
	}
	for _, m := range messages {
		for range 2 { // every message twice
			if err := j.RunJob(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := j.Supervise(t.Context())
	if err != nil || len(s.Closed) != 1 {
		t.Fatalf("got %+v, %v", s, err)
	}
	run, err := book.Run(t.Context(), s.Closed[0])
	if err != nil || run.Sums.Done != 11 || run.Sums.SkippedBy[sam.NoGDAP] != 2 || run.Sums.SkippedBy[sam.ConsentMissing] != 11 || run.Expected != 24 {
		t.Errorf("run %+v, %v", run, err)
	}
	if events := receive(t, clients, storage.QueueFindings); len(events) != 11 {
		t.Errorf("%d events", len(events))
	}
	doc, err := docs.Result(t.Context(), customer(5), "health")
	if err != nil || !json.Valid(doc) {
		t.Errorf("document %q, %v", doc, err)
	}
}
