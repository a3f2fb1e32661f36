package main_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/internal/watchdog"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

// TestASilentTimerIsNoticedByTheRest drives the real program over real storage
// in which supervision was last heard of two hours ago, and no self-check came
// yet: Health and a look at the status raise it, one supervision round ends it
// and rings the alarm for a test, the next one closes that.
func TestASilentTimerIsNoticedByTheRest(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t, simtest.Options{Customers: 1, Seed: 7, Shares: simtest.Healthy()})
	store := azurite.ForTest(t)
	env := maps.Clone(sim.Env())
	env["AzureWebJobsStorage"] = store.ConnectionString()
	env["SAMKEEPER_PUBLIC_URL"] = "http://localhost:7071"
	silentFor(t, store.ConnectionString(), 2*time.Hour)

	r := start(t, env)
	if health := r.get(t, "/api/health", http.StatusServiceUnavailable); !strings.Contains(health, `"SuperviseRuns":"silent since `) {
		t.Errorf("health: %s", health)
	}
	s := r.status(t)
	if len(s.Silent) != 1 || s.Silent[0].Part != watchdog.SuperviseRuns || s.FindingsOpen != 0 {
		t.Errorf("status: silent %+v, %d findings", s.Silent, s.FindingsOpen)
	}
	if got := selfEvents(t, store.ConnectionString()); !slices.Equal(got, []string{"opened silence|SuperviseRuns"}) {
		t.Errorf("events after the look: %v", got)
	}

	r.timer(t, "SuperviseRuns", http.StatusOK)
	got := selfEvents(t, store.ConnectionString())
	slices.Sort(got)
	if !slices.Equal(got, []string{"closed silence|SuperviseRuns", "opened self_check|daily"}) {
		t.Errorf("events of the first round: %v", got)
	}
	r.timer(t, "SuperviseRuns", http.StatusOK)
	if got := selfEvents(t, store.ConnectionString()); !slices.Equal(got, []string{"closed self_check|daily"}) {
		t.Errorf("events of the second round: %v", got)
	}
	if s := r.status(t); len(s.Silent) != 0 || s.FindingsOpen != 0 || s.SelfCheck.Closed == nil || s.SelfCheck.Announced == nil {
		t.Errorf("status: silent %+v, self-check %+v, %d findings", s.Silent, s.SelfCheck, s.FindingsOpen)
	}
	if log := r.logged(); strings.Count(log, "a part of samkeeper is silent") != 1 {
		t.Errorf("log: %s", log)
	}
}

// silentFor makes storage as an installation leaves it whose supervision died.
func silentFor(t *testing.T, connection string, silence time.Duration) {
	t.Helper()
	clients, err := storage.New(storage.Config{ConnectionString: connection})
	if err != nil {
		t.Fatal(err)
	}
	if err := clients.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	book := ledger.New(clients.Table, nil)
	if err := book.Beat(t.Context(), time.Now().Add(-silence), watchdog.SuperviseRuns, "watch_began"); err != nil {
		t.Fatal(err)
	}
	if err := book.Beat(t.Context(), time.Now(), watchdog.RotateRefreshTokens, watchdog.EnqueueCustomers); err != nil {
		t.Fatal(err)
	}
}

// selfEvents takes the events from the queue of findings, which all are about
// samkeeper itself here.
func selfEvents(t *testing.T, connection string) []string {
	t.Helper()
	service, err := azqueue.NewServiceClientFromConnectionString(connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	queue, many := service.NewQueueClient(storage.QueueFindings), int32(32)
	batch, err := queue.DequeueMessages(t.Context(), &azqueue.DequeueMessagesOptions{NumberOfMessages: &many})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range batch.Messages {
		raw, err := base64.StdEncoding.DecodeString(*m.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		var event struct{ Type, Customer, Subject string }
		if err := json.Unmarshal(raw, &event); err != nil || event.Customer != string(watchdog.Self) {
			t.Errorf("event %s: %v", raw, err)
		}
		told = append(told, event.Type+" "+event.Subject)
		if _, err := queue.DeleteMessage(t.Context(), *m.MessageID, *m.PopReceipt, nil); err != nil {
			t.Fatal(err)
		}
	}
	return told
}
