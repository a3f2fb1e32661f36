package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// role makes this test binary the handler of the served app.
const role = "SAMHOST_TEST_HANDLER"

func TestMain(m *testing.M) {
	if os.Getenv(role) != "" {
		http.HandleFunc("/api/hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
		panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), nil))
	}
	os.Exit(m.Run())
}

const page = `{"bindings":[{"name":"req","type":"httpTrigger","direction":"in","authLevel":"anonymous","methods":["get"],"route":"hello"},{"name":"res","type":"http","direction":"out"}]}`

// stage writes a script root whose executable is this test binary.
func stage(t *testing.T, functions map[string]string) string {
	t.Helper()
	root := t.TempDir()
	executable, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	command, _ := json.Marshal(executable)
	files := map[string]string{
		"host.json": `{"version":"2.0","customHandler":{"enableForwardingHttpRequest":true,"description":{"defaultExecutablePath":` + string(command) + `}},
			"extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.0.0, 5.0.0)"}}`,
	}
	for name, content := range functions {
		files[filepath.Join(name, "function.json")] = content
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func samhost(t *testing.T, args ...string) (code int, out, diagnostics string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, streams{env: []string{"JOBS=customer-jobs"}, out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestCheckListsFunctions(t *testing.T) {
	t.Parallel()
	root := stage(t, map[string]string{
		"Hello": page,
		"Tick":  `{"bindings":[{"name":"t","type":"timerTrigger","direction":"in","schedule":"0 0 * * * *"}]}`,
		"Jobs":  `{"bindings":[{"name":"m","type":"queueTrigger","direction":"in","queueName":"%JOBS%"}]}`,
	})
	const want = `FUNCTION  TRIGGER  ROUTE, SCHEDULE OR QUEUE    MODE        STATE
Hello     http     GET /api/hello (anonymous)  forwarding  enabled
Jobs      queue    customer-jobs               envelope    enabled
Tick      timer    0 0 * * * *                 envelope    enabled
`
	for _, flag := range []string{"-check", "--check"} {
		if code, out, diagnostics := samhost(t, flag, root); code != 0 || out != want {
			t.Errorf("%s: exit %d\n%s%s", flag, code, out, diagnostics)
		}
	}
	code, out, _ := samhost(t, "-check", "--output", "json", root)
	var got report
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || len(got.Functions) != 3 || got.Functions[0].Route != "/api/hello" {
		t.Errorf("exit %d, %+v (%v)", code, got, err)
	}
}

func TestCheckFails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		functions map[string]string
		want      string
	}{
		{"empty list", nil, "no valid function"},
		{"invalid function", map[string]string{"Hello": page, "Bad": `{}`}, "function Bad is invalid"},
	} {
		code, _, diagnostics := samhost(t, "-check", stage(t, tc.functions))
		if code == 0 || !strings.Contains(diagnostics, tc.want) {
			t.Errorf("%s: exit %d, %s", tc.name, code, diagnostics)
		}
	}
	if code, _, diagnostics := samhost(t, "-check", t.TempDir()); code == 0 || !strings.Contains(diagnostics, "host.json") {
		t.Error("no host.json:", diagnostics)
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	root := stage(t, map[string]string{"Hello": page})
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--address", "0.0.0.0"}, "not on loopback"},
		{[]string{"--enable-auth"}, "--keys"},
		{[]string{"--https"}, "--cert"},
		{[]string{"--settings", "gone.json"}, "gone.json"},
	} {
		code, _, diagnostics := samhost(t, append(tc.args, "--script-root", root, "--port", "0")...)
		if code == 0 || !strings.Contains(diagnostics, tc.want) {
			t.Errorf("%v: exit %d, %s", tc.args, code, diagnostics)
		}
	}
}

func TestServeUntilInterrupted(t *testing.T) {
	t.Parallel()
	root := stage(t, map[string]string{"Hello": page})
	settings := filepath.Join(root, "local.settings.json")
	if err := os.WriteFile(settings, []byte(`{"Values":{"`+role+`":"1","SET":"by file"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	diagnostics, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		defer func() { _ = writer.Close() }()
		done <- run(ctx, []string{"--script-root", root, "--port", "0"}, streams{env: []string{"set=already"}, out: io.Discard, err: writer})
	}()
	lines := bufio.NewReader(diagnostics)
	line, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "samhost listens on ")
	if err != nil || !ok {
		t.Fatalf("said %q (%v)", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/hello", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if string(body) != "hello" {
		t.Errorf("%d %q", response.StatusCode, body)
	}
	interrupt()
	if code := <-done; code != 0 {
		t.Error("exit", code)
	}
}
