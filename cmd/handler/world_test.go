package main_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/internal/statuspage"
	"github.com/samkeeper/samkeeper/localworld/azurite"
	"github.com/samkeeper/samkeeper/sim/simtest"
)

// TestFromConsentToStatus drives the real program, as the host would, through
// one life: consent, rotation, a sweep, the status page.
func TestFromConsentToStatus(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]map[string]string{
		"managed identity, form_post": nil,
		"client secret, query":        {"SAMKEEPER_APP_CREDENTIAL": "secret", "SAMKEEPER_RESPONSE_MODE": "query", "SAMKEEPER_TASKS": "subscriptions,health,alerts,directory", "SAMKEEPER_CLASSIC_ALERTS": "true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fromConsentToStatus(t, settings)
		})
	}
}

func fromConsentToStatus(t *testing.T, settings map[string]string) {
	t.Helper()
	const customers = 5
	sim := simtest.Start(t, simtest.Options{Customers: customers, Seed: 7, Shares: simtest.Healthy()})
	store := azurite.ForTest(t)
	env := maps.Clone(sim.Env())
	env["AzureWebJobsStorage"] = store.ConnectionString()
	env["SAMKEEPER_PUBLIC_URL"] = "http://localhost:7071"
	maps.Copy(env, settings)
	r := start(t, env)

	if health := r.get(t, "/api/health", http.StatusOK); !strings.Contains(health, `"storage":"ok","vault":"ok"`) {
		t.Errorf("health: %s", health)
	}
	r.timer(t, "EnqueueCustomers", http.StatusInternalServerError) // nobody has consented yet

	r.consent(t, sim)
	r.timer(t, "RotateRefreshTokens", http.StatusOK)
	s := r.status(t)
	if len(s.Connections) != 1 || s.Connections[0].State != statuspage.Healthy || !s.Connections[0].Proved || !s.Connections[0].MFA {
		t.Fatalf("connections after rotation: %+v", s.Connections)
	}

	r.timer(t, "EnqueueCustomers", http.StatusOK)
	if n := r.drain(t, store.ConnectionString()); n != customers {
		t.Errorf("%d messages for %d customers", n, customers)
	}
	r.timer(t, "SuperviseRuns", http.StatusOK)
	s = r.status(t)
	if len(s.Runs) != 1 || s.Runs[0].State != "closed" || len(s.Runs[0].Tasks) < 4 || s.Runs[0].Expected != len(s.Runs[0].Tasks)*customers || s.Runs[0].Done+s.Runs[0].Skipped != s.Runs[0].Expected {
		t.Errorf("runs: %+v\nfailures: %+v", s.Runs, s.Failures)
	}

	if len(s.Silent) != 0 || s.SelfCheck.Opened != nil || s.FindingsOpen != len(s.Findings) {
		t.Errorf("within minutes of the start: silent %+v, self-check %+v, %d findings open, %d listed", s.Silent, s.SelfCheck, s.FindingsOpen, len(s.Findings))
	}

	r.post(t, "/RunCustomerJob", `{"Data":{"message":"Zm9yZWlnbg=="},"Metadata":{}}`, http.StatusInternalServerError)
	r.post(t, "/RecordPoisonedJob", `{"Data":{"message":"Zm9yZWlnbg=="},"Metadata":{}}`, http.StatusOK)
	r.noSecrets(t, sim)
}

// consent walks the sign-in pages and brings the answer back, twice: the
// second time it must be refused.
func (r *running) consent(t *testing.T, sim *simtest.Sim) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begun, err := client.Get(r.URL + "/api/consent")
	if err != nil {
		t.Fatal(err)
	}
	_ = begun.Body.Close()
	if begun.StatusCode != http.StatusSeeOther || len(begun.Cookies()) != 1 {
		t.Fatalf("consent start: %d %v", begun.StatusCode, begun.Cookies())
	}
	callback := sim.SignIn(t, begun.Header.Get("Location"), simtest.Person{})
	for _, want := range []int{http.StatusOK, http.StatusConflict} {
		var body io.Reader
		if callback.Method == http.MethodPost {
			body = strings.NewReader(callback.Form.Encode())
		}
		request, err := http.NewRequestWithContext(t.Context(), callback.Method, r.URL+callback.URL.RequestURI(), body)
		if err != nil {
			t.Fatal(err)
		}
		if body != nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		request.AddCookie(begun.Cookies()[0])
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		page, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Fatalf("callback: %d, want %d\n%s", answer.StatusCode, want, page)
		}
	}
}

// drain hands every message of the job queue to RunCustomerJob, like the host,
// until none is visible.
func (r *running) drain(t *testing.T, connection string) int {
	t.Helper()
	service, err := azqueue.NewServiceClientFromConnectionString(connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	queue, n := service.NewQueueClient("customer-jobs"), 0
	for {
		batch, err := queue.DequeueMessages(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Messages) == 0 {
			return n
		}
		for _, m := range batch.Messages {
			r.post(t, "/RunCustomerJob", `{"Data":{"message":"`+*m.MessageText+`"},"Metadata":{"DequeueCount":"1"}}`, http.StatusOK)
			if _, err := queue.DeleteMessage(t.Context(), *m.MessageID, *m.PopReceipt, nil); err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
}

func (r *running) timer(t *testing.T, name string, want int) {
	t.Helper()
	r.post(t, "/"+name, `{"Data":{"timer":{"ScheduleStatus":null,"IsPastDue":false}},"Metadata":{}}`, want)
}

func (r *running) post(t *testing.T, path, body string, want int) {
	t.Helper()
	answer, err := http.Post(r.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != want {
		t.Fatalf("%s: %d %s, want %d\n%s", path, answer.StatusCode, text, want, r.logged())
	}
}

func (r *running) get(t *testing.T, path string, want int) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != want {
		t.Fatalf("%s: %d %s, want %d\n%s", path, answer.StatusCode, text, want, r.logged())
	}
	return string(text)
}

func (r *running) status(t *testing.T) statuspage.Status {
	t.Helper()
	var s statuspage.Status
	if err := json.Unmarshal([]byte(r.get(t, "/api/status", http.StatusOK)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// logged takes what was logged so far.
func (r *running) logged() string {
	var b strings.Builder
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				return b.String()
			}
			b.WriteString(line + "\n")
		default:
			return b.String()
		}
	}
}

// noSecrets compares all output with every secret the simulator ever made.
func (r *running) noSecrets(t *testing.T, sim *simtest.Sim) {
	t.Helper()
	answer, err := http.Get(sim.ControlURL + "/sim/secrets")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var secrets struct{ Values []string }
	if err := json.NewDecoder(answer.Body).Decode(&secrets); err != nil || len(secrets.Values) == 0 {
		t.Fatalf("secrets of the simulator: %d, %v", len(secrets.Values), err)
	}
	log := r.logged() + r.stderr.String()
	if !strings.Contains(log, "invocation done") {
		t.Error("the log is empty, so it proves nothing")
	}
	for _, s := range secrets.Values {
		if strings.Contains(log, s) {
			t.Error("a secret is in the log")
		}
	}
}
