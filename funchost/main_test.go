package funchost_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// role makes this test binary the custom handler of the tests.
const role = "FUNCHOST_TEST_HANDLER"

func TestMain(m *testing.M) {
	if os.Getenv(role) != "" {
		handle()
		return
	}
	code := m.Run()
	azurite.StopShared()
	os.Exit(code)
}

// seen is a request as the handler got it, printed as one line.
type seen struct {
	Method, URI, Host, Body string
	Header                  http.Header
	Chunked                 bool
}

// handle is the handler: it prints every request and answers what the variable
// ANSWER_<Function> says, "status|content type|body". The bodies exit:N and
// hang are orders.
func handle() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		line, _ := json.Marshal(seen{r.Method, r.RequestURI, r.Host, string(body), r.Header, r.ContentLength == -1})
		fmt.Println("SEEN", string(line))
		parts := strings.Split(r.URL.Path, "/")
		answer(w, r, os.Getenv("ANSWER_"+parts[len(parts)-1]))
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

func answer(w http.ResponseWriter, r *http.Request, text string) {
	if text == "" {
		text = "200|application/json|{}"
	}
	parts := strings.SplitN(text, "|", 3)
	if code, ok := strings.CutPrefix(parts[2], "exit:"); ok {
		n, _ := strconv.Atoi(code)
		os.Exit(n)
	}
	if parts[2] == "hang" {
		<-r.Context().Done()
		return
	}
	status, _ := strconv.Atoi(parts[0])
	if status/100 == 3 {
		w.Header().Set("Location", parts[2])
	}
	w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
	w.Header().Set("Content-Type", parts[1])
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_, _ = io.WriteString(w, parts[2])
	}
}

// rig is a host over a script root of the test's own.
type rig struct {
	*funchost.Host
	storage *azurite.Azurite
	queues  *azqueue.ServiceClient
	output  lines
}

// lines collects the handler's output.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// requests waits until the handler printed so many requests and returns all
// that it printed: its output may arrive after its answers.
func (r *rig) requests(t *testing.T, atLeast int) []seen {
	t.Helper()
	var out []seen
	eventually(t, "requests in the handler's output", func() bool {
		out = r.output.parse(t)
		return len(out) >= atLeast
	})
	return out
}

func (l *lines) parse(t *testing.T) []seen {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []seen
	for line := range strings.Lines(l.buf.String()) {
		if text, ok := strings.CutPrefix(line, "SEEN "); ok && strings.HasSuffix(text, "\n") {
			var s seen
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
	}
	return out
}

// setup is what a test may say about its host.
type setup struct {
	host      string            // members added to host.json, with a leading comma
	handler   string            // members added to customHandler, with a leading comma
	functions map[string]string // name -> bindings
	env       []string
	change    func(*funchost.Config)
}

const (
	queueIn  = `{"name":"msg","type":"queueTrigger","direction":"in","queueName":"work"}`
	binaryIn = `{"name":"msg","type":"queueTrigger","direction":"in","queueName":"work","dataType":"binary"}`
	queueOut = `{"name":"out","type":"queue","direction":"out","queueName":"done"}`
	httpOut  = `{"name":"res","type":"http","direction":"out"}`
	timerIn  = `{"name":"tick","type":"timerTrigger","direction":"in","schedule":"0 0 0 1 1 *"}`
)

func httpIn(more string) string {
	return `{"name":"req","type":"httpTrigger","direction":"in"` + more + `}`
}

// stage writes the script root.
func stage(t *testing.T, s setup) string {
	t.Helper()
	root := t.TempDir()
	executable, _ := json.Marshal(os.Args[0])
	write(t, filepath.Join(root, "host.json"), `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":`+string(executable)+`}`+s.handler+`},
		"extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.0.0, 5.0.0)"}`+s.host+`}`)
	for name, bindings := range s.functions {
		write(t, filepath.Join(root, name, "function.json"), `{"bindings":[`+bindings+`]}`)
	}
	return root
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// launch starts a host on a storage account of the test's own.
func launch(t *testing.T, s setup) *rig {
	t.Helper()
	return launchOn(t, azurite.ForTest(t), s)
}

func launchOn(t *testing.T, storage *azurite.Azurite, s setup) *rig {
	t.Helper()
	r := &rig{storage: storage}
	var err error
	if r.queues, err = azqueue.NewServiceClientFromConnectionString(storage.ConnectionString(), nil); err != nil {
		t.Fatal(err)
	}
	cfg := funchost.Config{
		ScriptRoot: stage(t, s), HandlerOutput: &r.output, TimeoutGrace: time.Millisecond, StopGrace: time.Second,
		Env: append(append(os.Environ(), role+"=1", "AzureWebJobsStorage="+storage.ConnectionString()), s.env...),
	}
	if s.change != nil {
		s.change(&cfg)
	}
	if r.Host, err = funchost.New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Stop(context.Background()) })
	return r
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// idle waits until everything is drained.
func (r *rig) idle(t *testing.T) {
	t.Helper()
	if err := r.WaitIdle(bounded(t)); err != nil {
		t.Fatal("the host never came to rest:", err)
	}
}

// put sends a message's text as it is and creates the queue.
func (r *rig) put(t *testing.T, queue, text string) {
	t.Helper()
	if _, err := r.queues.CreateQueue(t.Context(), queue, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := r.queues.NewQueueClient(queue).EnqueueMessage(t.Context(), text, nil); err != nil {
		t.Fatal(err)
	}
}

// peek lists a queue's visible messages; nil when there is no such queue.
func (r *rig) peek(t *testing.T, queue string) []string {
	t.Helper()
	response, err := r.queues.NewQueueClient(queue).PeekMessages(t.Context(), &azqueue.PeekMessagesOptions{NumberOfMessages: new(int32(32))})
	if err != nil {
		return nil
	}
	var texts []string
	for _, m := range response.Messages {
		texts = append(texts, *m.MessageText)
	}
	return texts
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("never happened: ", what)
		case <-tick.C:
		}
	}
}
