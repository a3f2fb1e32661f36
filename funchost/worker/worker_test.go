package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/funchost/worker"
)

// buffer is a writer that several goroutines may use.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// fixture is a worker whose handler is this test binary.
type fixture struct {
	*worker.Worker
	console, output buffer
}

func start(t *testing.T, how string, change func(*worker.Config)) *fixture {
	t.Helper()
	f := &fixture{}
	cfg := worker.Config{
		Path: os.Args[0], Arguments: "one two", Root: "/root", Dir: t.TempDir(),
		Env: append(os.Environ(), role+"="+how), InitTimeout: 20 * time.Second, StdErrOnlyErrors: true,
		Log: slog.New(slog.DiscardHandler), Console: slog.New(slog.NewTextHandler(&f.console, nil)), Output: &f.output,
	}
	if change != nil {
		change(&cfg)
	}
	w, err := worker.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.Worker = w
	w.Start()
	t.Cleanup(w.Stop)
	return f
}

func (f *fixture) ready(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	generation, err := f.Ready(ctx)
	if err != nil {
		t.Fatalf("not ready: %v; output %s", err, f.output.String())
	}
	return generation
}

// get asks the handler; it answers false when the connection fails.
func (f *fixture) get(t *testing.T, path string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("never happened: ", what)
		case <-tick.C:
		}
	}
}

func TestReadyWhateverTheAnswer(t *testing.T) {
	t.Parallel()
	f := start(t, "serve", nil)
	if f.ready(t) != 1 || f.PID() == 0 {
		t.Error("first process expected")
	}
	eventually(t, "output", func() bool { return strings.Contains(f.console.String(), "plain error line") })
	for _, want := range []string{"level=INFO msg=\"args one|two\"", "msg=\"root /root same true\"", "level=WARN msg=\"a Warning line\"", "level=ERROR msg=\"plain error line\""} {
		if !strings.Contains(f.console.String(), want) {
			t.Errorf("no %s in\n%s", want, f.console.String())
		}
	}
	if strings.Contains(f.console.String(), "azfuncjsonlog") || !strings.Contains(f.output.String(), "azfuncjsonlog:{}\n") {
		t.Error("tooling lines belong into the raw copy only")
	}
	if runtime.GOOS == "linux" && f.PeakRSS() < 1<<20 {
		t.Errorf("peak memory is %d bytes", f.PeakRSS())
	}
}

func TestExitZeroIsNeverRestarted(t *testing.T) {
	t.Parallel()
	f := start(t, "serve", nil)
	first := f.ready(t)
	f.get(t, "/exit/0")
	eventually(t, "refused connection", func() bool { return !f.get(t, "/") })
	if f.ready(t) != first {
		t.Error("the state must stay ready and the process the same")
	}
}

func TestExit200RestartsUncounted(t *testing.T) {
	t.Parallel()
	f := start(t, "serve", nil)
	url := f.URL()
	for want := 2; want <= 5; want++ {
		f.ready(t)
		f.get(t, "/exit/200")
		eventually(t, "restart "+strconv.Itoa(want), func() bool { return f.ready(t) == want })
	}
	if f.URL() != url {
		t.Error("a restarted handler gets the same port")
	}
	ids := map[string]bool{}
	for line := range strings.Lines(f.output.String()) {
		if strings.HasPrefix(line, "worker ") {
			ids[line] = true
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d worker ids, want a new one for each of 5 starts", len(ids))
	}
}

func TestThirdFailureIsTheLast(t *testing.T) {
	t.Parallel()
	f := start(t, "crash", nil)
	select {
	case <-f.Dead():
	case <-time.After(20 * time.Second):
		t.Fatal("still alive")
	}
	if _, err := f.Ready(t.Context()); !errors.Is(err, worker.ErrDead) {
		t.Error(err)
	}
	if n := strings.Count(f.output.String(), "boom"); n != 3 {
		t.Errorf("%d starts, want 3", n)
	}
}

func TestFailuresAreForgottenAfterHalfAnHour(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { // every look at the clock is 31 minutes later
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(31 * time.Minute)
		return now
	}
	f := start(t, "serve", func(c *worker.Config) { c.Now = clock })
	for want := 2; want <= 5; want++ {
		f.ready(t)
		f.get(t, "/exit/1")
		eventually(t, "restart", func() bool { return f.ready(t) == want })
	}
}

func TestNeverListeningCountsAsFailure(t *testing.T) {
	t.Parallel()
	f := start(t, "mute", func(c *worker.Config) { c.InitTimeout = 100 * time.Millisecond })
	select {
	case <-f.Dead():
	case <-time.After(20 * time.Second):
		t.Fatal("still alive")
	}
}

func TestRestartKillsOnceAndIsNotCounted(t *testing.T) {
	t.Parallel()
	f := start(t, "serve", nil)
	for range 4 {
		generation := f.ready(t)
		pid := f.PID()
		f.Restart(t.Context(), generation)
		f.Restart(t.Context(), generation) // a second timeout of the same process
		if f.ready(t) != generation+1 || f.PID() == pid {
			t.Fatal("one new process expected")
		}
	}
	if runtime.GOOS == "linux" && f.PeakRSS() < 1<<20 {
		t.Error("peak memory must survive restarts")
	}
}

func TestSplitArguments(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"":                {},
		" a  b ":          {"a", "b"},
		`"a b" c`:         {"a b", "c"},
		`say \"hi\" "" x`: {"say", `"hi"`, "", "x"},
	} {
		f := start(t, "mute", func(c *worker.Config) { c.Arguments = line })
		eventually(t, "arguments", func() bool { return strings.Contains(f.output.String(), "root ") })
		first, _, _ := strings.Cut(f.output.String(), "\n")
		got := strings.Split(strings.TrimPrefix(strings.TrimPrefix(first, "args"), " "), "|")
		if len(want) == 0 {
			want = []string{""}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
}
