package main_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/ledger"
	"github.com/samkeeper/samkeeper/internal/storage"
	"github.com/samkeeper/samkeeper/internal/telemetry"
	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/localworld/leak"
)

// everything calls visit with all that was left behind.
func (h *hunt) everything(t *testing.T, visit func(where string, data []byte)) {
	t.Helper()
	visit("output of the handler", h.log.Bytes())
	visit("answers", h.answers.Bytes())
	visit("traces", h.traces.Bytes())
	if err := localworld.Contents(t.Context(), h.store.ConnectionString(), visit); err != nil {
		t.Fatal(err)
	}
}

func (h *hunt) search(t *testing.T) {
	secrets := h.sim.World.Secrets()
	hunter, err := leak.NewExhaustiveHunter(secrets)
	if err != nil {
		t.Fatal(err)
	}
	var hits []leak.Hit
	searched := map[string]int{}
	h.everything(t, func(where string, data []byte) {
		kind, _, _ := strings.Cut(where, " ")
		searched[kind] += len(data)
		hits = append(hits, hunter.Scan(where, data)...)
	})
	if len(hits) > 0 {
		t.Errorf("leaks:\n%s", leak.Describe(hits, 20))
	}
	h.proves(t, searched)
	t.Logf("%d secrets hunted; bytes searched: %v; answers by status: %v; spans: %d", len(secrets), searched, h.codes, len(h.traces.Spans()))
}

// proves that the search looked at something in each place, and that the paths
// it is about were taken.
func (h *hunt) proves(t *testing.T, searched map[string]int) {
	t.Helper()
	for _, kind := range []string{"output", "answers", "traces", "table", "blob"} {
		if searched[kind] < 1000 {
			t.Errorf("%s: only %d bytes were there to search", kind, searched[kind])
		}
	}
	log := h.log.String()
	for _, want := range []string{`"level":"DEBUG"`, `"level":"ERROR"`, "invocation failed", "rotation", "reconsent"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s: a path was not taken", want)
		}
	}
	names := map[string]bool{}
	for _, s := range h.traces.Spans() {
		names[s.Name] = true
	}
	for _, want := range []string{"ConsentCallback", "RotateRefreshTokens", "RunCustomerJob", "POST /{}/oauth2/v2.0/token", "PUT /secrets/{}"} {
		if !names[want] {
			t.Errorf("no span %q: %v", want, names)
		}
	}
	refused := map[string]bool{}
	for _, c := range h.sim.Recorder.Counts() {
		refused[fmt.Sprintf("%s %d", c.Host, c.Status)] = true
	}
	for _, want := range []string{"login 400", "login 429", "login 500", "login 503", "vault 403", "vault 503", "identity 500", "arm 401", "arm 403", "arm 429", "graph 401", "graph 403", "partnercenter 401"} {
		if !refused[want] {
			t.Errorf("no service answered %s: %v", want, refused)
		}
	}
	for _, status := range []int{200, 303, 400, 404, 405, 409, 413, 415, 500} {
		if h.codes[status] == 0 {
			t.Errorf("no answer with status %d: %v", status, h.codes)
		}
	}
}

// plant puts 16 bytes of a secret into each place and hunts again: a search
// that cannot fail would prove nothing.
func (h *hunt) plant(t *testing.T) {
	opaque, claims, signature := h.pieces(t)
	h.log.WriteString(`{"level":"DEBUG","msg":"got ` + opaque + `"}`)
	h.answers.WriteString("<p>" + claims + "</p>")
	tracing, err := telemetry.NewTracing(t.Context(), telemetry.TracingConfig{Endpoint: h.traces.URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracing.Begin(telemetry.WithInvocation(t.Context(), telemetry.Invocation{ID: signature, Function: "Status"}), http.Header{})
	span.End(telemetry.Ending{})
	if err := tracing.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	books, clients := h.ledger(t)
	if err := books.Record(t.Context(), ledger.Audit{At: time.Now(), Action: "test", Phase: "outcome", Subject: "test", Detail: claims}); err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString([]byte(`{"v":1,"run":"` + signature + `"}`))
	if _, err := clients.Queue(storage.QueueFindings).EnqueueMessage(t.Context(), text, nil); err != nil {
		t.Fatal(err)
	}
	results := ledger.NewResultStore(clients.Container(storage.ContainerResults))
	if err := results.PutResult(t.Context(), "11111111-1111-4111-8111-111111111111", "health", []byte(`{"x":"`+opaque+`"}`), time.Now()); err != nil {
		t.Fatal(err)
	}

	hunter, err := leak.NewExhaustiveHunter(h.sim.World.Secrets())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	h.everything(t, func(where string, data []byte) {
		kind, _, _ := strings.Cut(where, " ")
		found[kind] = found[kind] || len(hunter.Scan(where, data)) > 0
	})
	for _, kind := range []string{"output", "answers", "traces", "table", "queue", "blob"} {
		if !found[kind] {
			t.Errorf("%s: what was planted there was not found", kind)
		}
	}
}

// pieces are 16 bytes out of the middle of an opaque secret, of a token's
// claims and of a token's signature.
func (h *hunt) pieces(t *testing.T) (opaque, claims, signature string) {
	t.Helper()
	for _, s := range h.sim.World.Secrets() {
		parts := strings.Split(s, ".")
		switch {
		case strings.HasPrefix(s, "eyJ") && len(parts) == 3:
			claims, signature = parts[1][21:21+leak.Window], parts[2][7:7+leak.Window]
		case len(s) > 100:
			opaque = s[50 : 50+leak.Window]
		}
	}
	if opaque == "" || claims == "" {
		t.Fatal("there is no secret of each kind")
	}
	return opaque, claims, signature
}
