package e2e_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/sim/faults"
)

const script = "<script>alert(1)</script>"

// TestBadRequests: each gets its status and a sentence a person can act on,
// nothing of what was sent comes back, and nothing is stored.
func TestBadRequests(t *testing.T) {
	w := start(t, localworld.Options{Customers: 1, Seed: 2})
	const form = "application/x-www-form-urlencoded"
	rows := []struct {
		name, method, path, kind, body string
		status                         int
		says                           string
	}{
		{"unknown function", "GET", "/api/nothing", "", "", 404, ""},
		{"wrong method", "DELETE", "/api/status", "", "", 404, ""},
		{"callback with nothing", "POST", "/api/consent/callback", form, "", 415, "start"}, // the host drops the type of an empty body,
		{"callback by GET where form_post was asked", "GET", "/api/consent/callback?code=abcdefghijklmnop&state=x", "", "", 405, "start"},
		{"callback with an unknown state", "POST", "/api/consent/callback", form, "code=abcdefghijklmnop&state=" + script, 400, "start"},
		{"callback that is no form", "POST", "/api/consent/callback", "application/json", `{"code":"abcdefghijklmnop"}`, 415, "start"},
		{"error callback", "POST", "/api/consent/callback", form,
			url.Values{"error": {"access_denied"}, "admin_consent": {"True"}, "error_description": {"AADSTS65004: " + script}}.Encode(), 0, ""},
		{"oversized callback", "POST", "/api/consent/callback", form, "code=" + strings.Repeat("a", 70<<10), 413, ""},
		{"broken encoding", "POST", "/api/consent/callback", form, "code=%zz", 400, "start"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			status, text := ask(t, row.method, w.AppURL()+row.path, row.kind, row.body)
			if row.status != 0 && status != row.status || row.status == 0 && status/100 != 4 {
				t.Errorf("got HTTP %d, want %d: %.300s", status, row.status, text)
			}
			if !strings.Contains(strings.ToLower(text), row.says) || strings.Contains(text, script) || strings.Contains(text, "abcdefghijklmnop") {
				t.Errorf("the answer does not help, or repeats what was sent: %s", text)
			}
		})
	}
	status, err := w.Status(within(t, time.Minute))
	must(t, err)
	if versions, err := w.VaultVersions(t.Context()); err != nil || versions != 0 || len(status.Connections) != 0 {
		t.Errorf("something was stored: %d versions (%v), %v", versions, err, status.Connections)
	}
}

// TestVaultDownAtConsent: the person is told before signing in.
func TestVaultDownAtConsent(t *testing.T) {
	w := start(t, localworld.Options{Customers: 1, Seed: 2})
	id, err := w.Sim.Faults.Set(faults.Fault{Host: "vault", Kind: faults.Drop})
	must(t, err)
	status, text := ask(t, "GET", w.AppURL()+"/api/consent", "", "")
	if status != http.StatusServiceUnavailable && status != http.StatusBadGateway || !strings.Contains(strings.ToLower(text), "vault") {
		t.Errorf("got HTTP %d: %.800s", status, text)
	}
	w.Sim.Faults.Remove(id)
	must(t, w.Consent(within(t, time.Minute)))
}

// TestForeignMessage: a message that is not ours ends in the audit trail, is
// not lost on the way and stops nothing.
func TestForeignMessage(t *testing.T) {
	w := start(t, localworld.Options{Customers: 1, Seed: 2, Settings: map[string]string{
		"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00",
	}})
	ctx := within(t, time.Minute)
	must(t, w.Consent(ctx)) // also creates the queues
	client, err := azqueue.NewQueueClientFromConnectionString(w.Azurite.ConnectionString(), "customer-jobs", nil)
	must(t, err)
	const foreign = `{"hello":"from another app","v":99}`
	_, err = client.EnqueueMessage(ctx, base64.StdEncoding.EncodeToString([]byte(foreign)), nil)
	must(t, err)
	for kept := false; !kept; {
		must(t, ctx.Err())
		must(t, localworld.ReadTables(ctx, w.Azurite.ConnectionString(), func(where string, data []byte) {
			kept = kept || where == "table Audit" && strings.Contains(string(data), base64.StdEncoding.EncodeToString([]byte(foreign)))
		}))
	}
	must(t, w.Fire(ctx, "RotateRefreshTokens"))
}

// TestMissingSettings: all faults at once, in words, and an exit code that
// makes the host restart and report it.
func TestMissingSettings(t *testing.T) {
	cmd := exec.CommandContext(within(t, time.Minute), filepath.Join(scriptRoot, "handler"))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "FUNCTIONS_CUSTOMHANDLER_PORT=1", "SAMKEEPER_CLOUD=moon", "SAMKEEPER_PUBLIC_URL=http://example.com"}
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() == 0 {
		t.Fatalf("the handler started without settings: %s", out)
	}
	for _, name := range []string{"AzureWebJobsStorage", "SAMKEEPER_CLOUD", "SAMKEEPER_PARTNER_TENANTS", "SAMKEEPER_APP_ID", "SAMKEEPER_VAULT_URL", "SAMKEEPER_PUBLIC_URL", "SAMKEEPER_CONSENT_ACCOUNTS"} {
		if !strings.Contains(string(out), name) {
			t.Errorf("%s is not reported:\n%s", name, out)
		}
	}
}

// ask sends one request without following redirects.
func ask(t *testing.T, method, target, kind, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(within(t, time.Minute), method, target, strings.NewReader(body))
	must(t, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(text)
}
