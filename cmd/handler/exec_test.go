package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/samkeeper/samkeeper/internal/config"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// patience is how long a test waits for a process; far more than it needs.
const patience = 30 * time.Second

// programs builds the handler, as `make dist` does, and the bare server of the
// benchmark, once for all tests.
var programs struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	azurite.StopShared()
	if programs.dir != "" {
		_ = os.RemoveAll(programs.dir)
	}
	os.Exit(code)
}

// program returns the path of "handler" or "bare".
func program(tb testing.TB, name string) string {
	tb.Helper()
	programs.once.Do(func() {
		// Not the directory of the test that happens to come first.
		if programs.dir, programs.err = os.MkdirTemp("", "handler-test-"); programs.err != nil { //nolint:usetesting // shared by all tests
			return
		}
		for out, pkg := range map[string]string{"handler": ".", "bare": "./testdata/bare"} {
			build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(programs.dir, out), pkg)
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if text, err := build.CombinedOutput(); err != nil {
				programs.err = fmt.Errorf("build %s: %w\n%s", pkg, err, text)
				return
			}
		}
	})
	if programs.err != nil {
		tb.Fatal(programs.err)
	}
	return filepath.Join(programs.dir, name)
}

// elsewhere is a valid configuration whose services do not answer: nothing
// listens on the ports of a closed listener.
func elsewhere(tb testing.TB) map[string]string {
	tb.Helper()
	away := "127.0.0.1:" + freePort(tb)
	return map[string]string{
		"AzureWebJobsStorage": "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=" + azurite.AccountKey +
			";BlobEndpoint=http://" + away + "/devstoreaccount1;QueueEndpoint=http://" + away + "/devstoreaccount1;TableEndpoint=http://" + away + "/devstoreaccount1;",
		"SAMKEEPER_PARTNER_TENANTS":        "11111111-1111-4111-8111-111111111111",
		"SAMKEEPER_APP_ID":                 "22222222-2222-4222-8222-222222222222",
		"SAMKEEPER_IDENTITY_CLIENT_ID":     "44444444-4444-4444-8444-444444444444",
		"SAMKEEPER_CONSENT_ACCOUNTS":       "sam.keeper@partner.example",
		"SAMKEEPER_PUBLIC_URL":             "http://localhost:7071",
		"SAMKEEPER_VAULT_URL":              "https://" + away,
		"SAMKEEPER_LOGIN_ENDPOINT":         "https://" + away,
		"SAMKEEPER_GRAPH_ENDPOINT":         "https://" + away,
		"SAMKEEPER_ARM_ENDPOINT":           "https://" + away,
		"SAMKEEPER_PARTNERCENTER_ENDPOINT": "https://" + away,
		"IDENTITY_ENDPOINT":                "http://" + away + "/msi/token",
		"IDENTITY_HEADER":                  "none",
	}
}

func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// running is a started handler.
type running struct {
	cmd    *exec.Cmd
	URL    string
	stderr standardError
	lines  chan string // of standard output
	ended  chan error
}

// start runs the handler and waits for its first answer.
func start(tb testing.TB, env map[string]string) *running {
	tb.Helper()
	port := freePort(tb)
	r := &running{URL: "http://127.0.0.1:" + port, lines: make(chan string, 10_000), ended: make(chan error, 1)}
	r.cmd = exec.Command(program(tb, "handler"))
	r.cmd.Env = append(pairs(env), "FUNCTIONS_CUSTOMHANDLER_PORT="+port)
	r.cmd.Stderr = &r.stderr
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		defer close(r.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			r.lines <- s.Text()
		}
		r.ended <- r.cmd.Wait()
	}()
	tb.Cleanup(func() { _ = r.cmd.Process.Kill() })
	untilAnswers(tb, r.URL)
	return r
}

func pairs(env map[string]string) []string {
	var list []string
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}

// untilAnswers asks GET / like the host, every millisecond.
func untilAnswers(tb testing.TB, url string) {
	tb.Helper()
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	deadline := time.Now().Add(patience)
	for {
		response, err := client.Get(url + "/")
		if err == nil {
			_ = response.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("no answer within %v: %v", patience, err)
		}
		<-time.After(time.Millisecond)
	}
}

// stop sends a signal and returns the exit code.
func (r *running) stop(t *testing.T, s syscall.Signal) int {
	t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-r.ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(patience):
		t.Fatal("the handler did not stop")
		return 0
	}
}

func TestFaultsEndTheProcessAllTogether(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(program(t, "handler"))
	cmd.Env = []string{"SAMKEEPER_CLOUD=germany"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("Run = %v, want exit code 1", err)
	}
	wanted := []string{"SAMKEEPER_CLOUD is \"germany\"", "AzureWebJobsStorage is missing"}
	for _, s := range config.Settings {
		if s.Required {
			wanted = append(wanted, s.Name+" is missing")
		}
	}
	for _, want := range wanted {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("standard error lacks %q:\n%s", want, &stderr)
		}
	}
}

func TestFaultsThatShowLater(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		setting, value, want string
		args                 []string
	}{
		"no certificate file":   {"SAMKEEPER_CA_FILE", "nowhere.pem", "SAMKEEPER_CA_FILE cannot be read", nil},
		"no certificate in it":  {"SAMKEEPER_CA_FILE", "main.go", "SAMKEEPER_CA_FILE holds no certificate", nil},
		"bad connection string": {"AzureWebJobsStorage", "AccountName=a;AccountKey=not-base64!", "AzureWebJobsStorage does not work", nil},
		"arguments":             {"", "", "takes no arguments", []string{"--port", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := elsewhere(t)
			env[row.setting] = row.value
			env["FUNCTIONS_CUSTOMHANDLER_PORT"] = freePort(t)
			cmd := exec.Command(program(t, "handler"), row.args...)
			delete(env, "")
			cmd.Env = pairs(env)
			text, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(text), row.want) || strings.Contains(string(text), "not-base64!") {
				t.Errorf("%v:\n%s", err, text)
			}
		})
	}
}

func TestStartsWithoutItsServices(t *testing.T) {
	t.Parallel()
	r := start(t, elsewhere(t))
	health, err := http.Get(r.URL + "/api/health")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(health.Body)
	_ = health.Body.Close()
	var report struct {
		Status string
		Checks map[string]string
	}
	if err := json.Unmarshal(body, &report); err != nil || health.StatusCode != http.StatusServiceUnavailable ||
		report.Status != "degraded" || report.Checks["storage"] != "unreachable" || report.Checks["vault"] != "unreachable" || report.Checks["configuration"] != "ok" {
		t.Errorf("health = %d %s, %v", health.StatusCode, body, err)
	}
	if strings.Contains(string(body), "127.0.0.1") {
		t.Errorf("health tells addresses: %s", body)
	}
	job := `{"Data":{"message":"e30="},"Metadata":{}}`
	failed, err := http.Post(r.URL+"/RunCustomerJob", "application/json", strings.NewReader(job))
	if err != nil {
		t.Fatal(err)
	}
	_ = failed.Body.Close()
	if failed.StatusCode < 500 {
		t.Errorf("a job without storage was answered %d: its message would be deleted", failed.StatusCode)
	}
	if code := r.stop(t, syscall.SIGTERM); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d", code)
	}
	if r.stderr.String() != "" {
		t.Errorf("standard error, which the host shows as errors: %s", &r.stderr)
	}
	for line := range r.lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("standard output has a line that is not JSON: %s", line)
		}
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	r := start(t, elsewhere(t))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(r.URL, "http://"))
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLoopback() || ip.IP.To4() == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		conn, err := new(net.Dialer).DialContext(ctx, "tcp4", net.JoinHostPort(ip.IP.String(), port))
		cancel()
		if err == nil {
			_ = conn.Close()
			t.Errorf("the handler can be reached at %s", ip.IP)
		}
	}
	if code := r.stop(t, os.Interrupt.(syscall.Signal)); code != 128+int(syscall.SIGINT) {
		t.Errorf("exit code %d", code)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	cmd := exec.Command(program(t, "handler"))
	cmd.Env = append(pairs(elsewhere(t)), "FUNCTIONS_CUSTOMHANDLER_PORT="+port)
	text, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "listen where the host expects us") {
		t.Errorf("%v:\n%s", err, text)
	}
}
