package e2e_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"

	"github.com/samkeeper/samkeeper/localworld"
	"github.com/samkeeper/samkeeper/localworld/collector"
	"github.com/samkeeper/samkeeper/localworld/leak"
	"github.com/samkeeper/samkeeper/sim/faults"
)

// TestNoLeaksUnderTheHost: at debug level and with tracing on, nothing of a
// credential is in what the app, the host and the storage leave behind, whatever
// fails. The table of failures is in cmd/handler; here is the host's part.
func TestNoLeaksUnderTheHost(t *testing.T) {
	traces, err := collector.Start(t.Context())
	must(t, err)
	t.Cleanup(traces.Stop)
	w := start(t, localworld.Options{Customers: 6, Seed: 17, Settings: map[string]string{
		"SAMKEEPER_LOG_LEVEL": "debug", "OTEL_EXPORTER_OTLP_ENDPOINT": traces.URL, "OTEL_BSP_SCHEDULE_DELAY": "50",
	}})
	ctx := within(t, 2*time.Minute)
	canary := w.Sim.World.RandomSecret(90)
	ask(t, "POST", w.AppURL()+"/api/consent/callback", "application/x-www-form-urlencoded", url.Values{"code": {canary}, "state": {canary}}.Encode())
	ask(t, "GET", w.AppURL()+"/api/status?code="+canary, "", "")
	must(t, w.Consent(ctx))

	for _, fault := range []faults.Fault{
		{Host: "login", Path: "/token", Kind: faults.Status, Status: 500, Format: faults.HTML, Times: 1},
		{Host: "arm", Kind: faults.Status, Status: 401, Times: 1},
		{Host: "graph", Kind: faults.Status, Status: 403, Times: 1},
	} {
		_, err := w.Sim.Faults.Set(fault)
		must(t, err)
	}
	if err := w.Fire(ctx, "RotateRefreshTokens"); err == nil {
		t.Error("the rotation did not meet its fault")
	}
	must(t, w.Fire(ctx, "EnqueueCustomers"))
	queue, err := azqueue.NewQueueClientFromConnectionString(w.Azurite.ConnectionString(), "customer-jobs", nil)
	must(t, err)
	_, err = queue.EnqueueMessage(ctx, base64.StdEncoding.EncodeToString([]byte(`{"hello":"from another app"}`)), nil)
	must(t, err)
	awaitRun(t, w)
	if len(w.Sim.Faults.Active()) > 0 {
		t.Errorf("these faults were never met: %v", w.Sim.Faults.Active())
	}

	hunter, err := leak.NewExhaustiveHunter(w.Sim.World.Secrets())
	must(t, err)
	hits := hunter.Scan("traces", traces.Bytes())
	var report localworld.Report
	_, err = w.HuntLeaks(ctx, &report, func(where string, data []byte) { hits = append(hits, hunter.Scan(where, data)...) })
	must(t, err)
	if len(hits) > 0 {
		t.Errorf("leaks:\n%s", leak.Describe(hits, 20))
	}
	if report.SecretsHunted < 20 || report.BytesSearched < 10_000 || !bytes.Contains(traces.Bytes(), []byte("RunCustomerJob")) {
		t.Errorf("too little was searched: %d secrets, %d bytes, %d spans", report.SecretsHunted, report.BytesSearched, len(traces.Spans()))
	}
	if status, text := ask(t, "GET", w.StatusURL(), "", ""); status != http.StatusOK || len(hunter.Scan("status page", []byte(text))) > 0 {
		t.Errorf("the status page: HTTP %d", status)
	}
}
