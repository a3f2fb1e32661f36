package funchost_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/samkeeper/samkeeper/funchost"
	"github.com/samkeeper/samkeeper/funchost/schedule"
	"github.com/samkeeper/samkeeper/funchost/timer"
	"github.com/samkeeper/samkeeper/localworld/azurite"
)

// tick is a timer's data as the handler gets it.
type tick struct {
	Schedule       struct{ AdjustForDST bool }
	ScheduleStatus *schedule.Status
	IsPastDue      bool
}

func ticks(t *testing.T, r *rig, atLeast int) []tick {
	t.Helper()
	var out []tick
	for _, request := range r.requests(t, atLeast) {
		var envelope struct{ Data struct{ Tick tick } }
		if err := json.Unmarshal([]byte(request.Body), &envelope); err != nil {
			t.Fatal(err)
		}
		out = append(out, envelope.Data.Tick)
	}
	return out
}

func TestTimerRunsWhenItWasMissed(t *testing.T) {
	t.Parallel()
	storage := azurite.ForTest(t)
	hosts, err := container.NewClientFromConnectionString(storage.ConnectionString(), timer.Container, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hosts.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	last := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	store := timer.NewBlobStatus(hosts, "h1", "Nightly")
	if err := store.Save(t.Context(), schedule.Status{Last: last, Next: last.AddDate(1, 0, 0), LastUpdated: last}); err != nil {
		t.Fatal(err)
	}
	r := launchOn(t, storage, setup{functions: map[string]string{"Nightly": timerIn}, change: func(c *funchost.Config) { c.HostID = "h1" }})
	eventually(t, "the run", func() bool { return r.Stats()["Nightly"].Succeeded == 1 })
	got := ticks(t, r, 1)
	if len(got) != 1 || !got[0].IsPastDue || !got[0].Schedule.AdjustForDST || !got[0].ScheduleStatus.Next.Equal(last.AddDate(1, 0, 0)) {
		t.Errorf("ticks %+v", got)
	}
	eventually(t, "the stored status", func() bool {
		status, err := store.Load(t.Context())
		return err == nil && status.Next.After(time.Now())
	})
	if err := r.Invoke(bounded(t), "Nightly", ""); err != nil {
		t.Fatal(err)
	}
	if byHand := ticks(t, r, 2)[1]; byHand.IsPastDue || byHand.ScheduleStatus == nil || byHand.ScheduleStatus.Last.Equal(last) {
		t.Errorf("a run by hand takes the status from storage: %+v", byHand)
	}
}

func TestUnmonitoredTimersHaveNoStatus(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{functions: map[string]string{
		"Often":  `{"name":"tick","type":"timerTrigger","direction":"in","schedule":"*/30 * * * * *","runOnStartup":true}`,
		"Silent": `{"name":"tick","type":"timerTrigger","direction":"in","schedule":"0 0 0 1 1 *","useMonitor":false}`,
		"Span":   `{"name":"tick","type":"timerTrigger","direction":"in","schedule":"01:00:00","runOnStartup":true,"useMonitor":false}`,
	}})
	eventually(t, "the runs at start", func() bool {
		return r.Stats()["Often"].Succeeded > 0 && r.Stats()["Span"].Succeeded > 0
	})
	if err := r.Invoke(bounded(t), "Silent", ""); err != nil {
		t.Fatal(err)
	}
	for _, got := range ticks(t, r, 3) {
		if got.ScheduleStatus != nil || got.IsPastDue {
			t.Errorf("tick %+v", got)
		}
	}
	for _, request := range r.requests(t, 3) {
		if strings.HasSuffix(request.URI, "Span") && !strings.Contains(request.Body, `"AdjustForDST":false`) {
			t.Error("a TimeSpan does not adjust for DST:", request.Body)
		}
		if !strings.Contains(request.Body, `"ScheduleStatus":null`) {
			t.Error("the status is null, not absent:", request.Body)
		}
	}
}

func TestAdminRun(t *testing.T) {
	t.Parallel()
	r := launch(t, setup{functions: map[string]string{"Nightly": timerIn, "Page": httpIn("") + "," + httpOut}})
	post := func(path, body string) int {
		return call(t, r, http.MethodPost, path, body, nil).StatusCode
	}
	if got := post("/admin/functions/Nightly", `{"input":"x"}`); got != http.StatusAccepted {
		t.Error("status", got)
	}
	eventually(t, "the background run", func() bool { return r.Stats()["Nightly"].Succeeded == 1 })
	for path, want := range map[string]int{"/admin/functions/Nobody": 404, "/admin/functions/Page": 400, "/admin/other": 404} {
		if got := post(path, `{"input":""}`); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := post("/admin/functions/Nightly", `{`); got != http.StatusBadRequest {
		t.Error("a broken body:", got)
	}
	for _, path := range []string{"/admin/host/status", "/admin/host/ping", "/"} {
		if got := call(t, r, http.MethodGet, path, "", nil).StatusCode; got != http.StatusOK {
			t.Errorf("%s: %d", path, got)
		}
	}
}
