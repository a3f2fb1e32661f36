package main_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/localworld/collector"
	"github.com/samkeeper/samkeeper/sim/faults"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

// hunt is one world and what the program left behind outside of storage.
type hunt struct {
	t       *testing.T
	sim     *simtest.Sim
	store   *azurite.Azurite
	traces  *collector.Collector
	env     map[string]string
	handler *running
	canary  string // a credential that came from outside

	mu      sync.Mutex
	log     bytes.Buffer
	answers bytes.Buffer
	codes   map[int]int // answers by status
}

func newHunt(t *testing.T) *hunt {
	t.Helper()
	h := &hunt{t: t, codes: map[int]int{}, store: azurite.ForTest(t), sim: simtest.Start(t, simtest.Options{Customers: 8, Seed: 31})}
	var err error
	if h.traces, err = collector.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.traces.Stop)
	h.canary = h.sim.World.RandomSecret(90)
	h.sim.World.RecordSecret(azurite.AccountKey)
	h.sim.World.RecordSecret(h.sim.IdentityHeader)
	h.env = maps.Clone(h.sim.Env())
	maps.Copy(h.env, map[string]string{
		"AzureWebJobsStorage": h.store.ConnectionString(), "SAMKEEPER_PUBLIC_URL": "http://localhost:7071",
		"SAMKEEPER_LOG_LEVEL": "debug", "SAMKEEPER_CLASSIC_ALERTS": "true",
		"OTEL_EXPORTER_OTLP_ENDPOINT": h.traces.URL, "OTEL_BSP_SCHEDULE_DELAY": "100",
	})
	return h
}

// run starts the program, or starts it again.
func (h *hunt) run() { h.handler = start(h.t, h.env) }

// stop ends it and keeps its last words.
func (h *hunt) stop(s syscall.Signal) {
	h.handler.stop(h.t, s)
	for line := range h.handler.lines {
		h.log.WriteString(line + "\n")
	}
	h.log.WriteString(h.handler.stderr.String())
}

// ask sends one request with credentials in every header a host or a stranger
// might send, keeps the whole answer and returns it. A connection that breaks
// is no answer: status 0.
func (h *hunt) ask(method, path, contentType, body string, cookies ...*http.Cookie) (int, http.Header, string) {
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.handler.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Error(err)
		return 0, nil, ""
	}
	for name, value := range map[string]string{
		"Content-Type": contentType, "Authorization": "Bearer " + h.canary, "X-Functions-Key": h.canary, "X-Ms-Token-Aad-Refresh-Token": h.canary,
		"Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	} {
		req.Header.Set(name, value)
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, nil, ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body) // a broken answer is as good as its beginning
	h.mu.Lock()
	defer h.mu.Unlock()
	h.codes[res.StatusCode]++
	fmt.Fprintf(&h.answers, "%s\n", res.Status)
	_ = res.Header.Write(&h.answers)
	h.answers.Write(text)
	return res.StatusCode, res.Header, string(text)
}

// fire runs a timer's function; ok says whether it must succeed or fail.
func (h *hunt) fire(t *testing.T, name string, ok bool) {
	t.Helper()
	status, _, text := h.ask(http.MethodPost, "/"+name, "application/json", `{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":false}},"Metadata":{"Headers":{"Authorization":"Bearer `+h.canary+`"}}}`)
	if (status == http.StatusOK) != ok {
		t.Errorf("%s: HTTP %d %s, wanted success: %v", name, status, text, ok)
	}
}

// with sets faults for as long as act takes.
func (h *hunt) with(t *testing.T, act func(), set ...faults.Fault) {
	t.Helper()
	for _, f := range set {
		if f.Kind != "" {
			h.sim.Fault(t, f)
		}
	}
	act()
	h.sim.Faults.Clear()
}

// consentPath and callbackPath are the functions of the sign-in.
const (
	consentPath  = "/api/consent"
	callbackPath = "/api/consent/callback"
	formType     = "application/x-www-form-urlencoded"
)

// begin opens a sign-in.
func (h *hunt) begin(t *testing.T) (*http.Cookie, string) {
	t.Helper()
	status, header, text := h.ask(http.MethodGet, consentPath, "", "")
	cookies := (&http.Response{Header: header}).Cookies()
	if status != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("consent: HTTP %d, %d cookies: %s", status, len(cookies), text)
	}
	return cookies[0], header.Get("Location")
}

// deliver posts a callback and wants a success or a refusal.
func (h *hunt) deliver(t *testing.T, form url.Values, cookie *http.Cookie, ok bool) {
	t.Helper()
	status, _, text := h.ask(http.MethodPost, callbackPath, formType, form.Encode(), cookie)
	if (status == http.StatusOK) != ok || status == 0 {
		t.Errorf("callback: HTTP %d, wanted success: %v\n%s", status, ok, text)
	}
}

func (h *hunt) queue(t *testing.T) *azqueue.QueueClient {
	t.Helper()
	client, err := azqueue.NewQueueClientFromConnectionString(h.store.ConnectionString(), "customer-jobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// take gets one message of the job queue.
func (h *hunt) take(t *testing.T) *azqueue.DequeuedMessage {
	t.Helper()
	batch, err := h.queue(t).DequeueMessages(t.Context(), nil)
	if err != nil || len(batch.Messages) == 0 {
		t.Fatalf("no message to take: %v", err)
	}
	return batch.Messages[0]
}

// job delivers a message of the queue the way the host does.
func (h *hunt) job(m *azqueue.DequeuedMessage, delivery int) (int, http.Header, string) {
	return h.ask(http.MethodPost, "/RunCustomerJob", "application/json", envelope(m, delivery))
}

func envelope(m *azqueue.DequeuedMessage, delivery int) string {
	return fmt.Sprintf(`{"Data":{"message":%q},"Metadata":{"DequeueCount":"%d"}}`, *m.MessageText, delivery)
}

// done takes a message out of the queue.
func (h *hunt) done(t *testing.T, m *azqueue.DequeuedMessage) {
	t.Helper()
	if _, err := h.queue(t).DeleteMessage(t.Context(), *m.MessageID, *m.PopReceipt, nil); err != nil {
		t.Fatal(err)
	}
}

// drain does every job that can be seen; a message whose job fails is given to
// the poison function, as the host would do in the end.
func (h *hunt) drain(t *testing.T) {
	t.Helper()
	for range 200 {
		batch, err := h.queue(t).DequeueMessages(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Messages) == 0 {
			return
		}
		m := batch.Messages[0]
		if status, _, _ := h.job(m, 1); status != http.StatusOK {
			h.ask(http.MethodPost, "/RecordPoisonedJob", "application/json", envelope(m, 5))
		}
		h.done(t, m)
	}
	t.Error("the queue does not empty")
}

// ledger opens the program's own books.
func (h *hunt) ledger(t *testing.T) (*ledger.Ledger, *storage.Clients) {
	t.Helper()
	clients, err := storage.New(storage.Config{ConnectionString: h.store.ConnectionString()})
	if err != nil {
		t.Fatal(err)
	}
	return ledger.New(clients.Table, nil), clients
}

// makeDue undoes what keeps a rotation waiting: the program lives by the wall
// clock and would try again in an hour.
func (h *hunt) makeDue(t *testing.T) {
	t.Helper()
	books, _ := h.ledger(t)
	all, err := books.Connections(t.Context())
	if err != nil || len(all) == 0 {
		t.Fatalf("%d connections, %v", len(all), err)
	}
	for _, c := range all {
		_, err := books.ChangeConnection(context.WithoutCancel(t.Context()), c.ID, func(c *ledger.Connection) bool {
			c.NextAttempt, c.ProvedAt = time.Time{}, time.Time{}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
