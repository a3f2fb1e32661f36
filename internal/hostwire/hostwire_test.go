package hostwire_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samkeeper/samkeeper/internal/hostwire"
)

const job = `{"v":1,"run":"20261121T213000Z-4f2a"}`

// queued is the envelope the host's code sends for a binary queue binding.
func queued(body string) string {
	return `{"Data":{"message":"` + base64.StdEncoding.EncodeToString([]byte(body)) + `"},` +
		`"Metadata":{"DequeueCount":"2","ExpirationTime":"2026-11-28T10:00:00+00:00","Id":"\"6f1c0c5e-0000\"",` +
		`"InsertionTime":"2026-11-21T10:00:00+00:00","NextVisibleTime":"2026-11-21T10:10:00+00:00","PopReceipt":"\"AgAAAAMAAAA\"",` +
		`"sys":{"MethodName":"RunCustomerJob","UtcNow":"2026-11-21T10:00:01.1Z","RandGuid":"6f0c"}}}`
}

func TestDecodeQueue(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body string
		want hostwire.Message
	}{
		"binary, as the host sends it":      {queued(job), hostwire.Message{Body: []byte(job), ID: "6f1c0c5e-0000", DequeueCount: 2}},
		"binary, bytes that are no text":    {queued("\xff\x00\x80"), hostwire.Message{Body: []byte("\xff\x00\x80"), ID: "6f1c0c5e-0000", DequeueCount: 2}},
		"binary, empty message":             {queued(""), hostwire.Message{Body: []byte{}, ID: "6f1c0c5e-0000", DequeueCount: 2}},
		"text, encoded twice":               {`{"Data":{"message":"\"{\\\"v\\\":1}\""},"Metadata":{}}`, hostwire.Message{Body: []byte(`{"v":1}`)}},
		"text, encoded once as documented":  {`{"Data":{"message":"{\"v\":1}"},"Metadata":{"DequeueCount":1,"Id":"800a"}}`, hostwire.Message{Body: []byte(`{"v":1}`), ID: "800a", DequeueCount: 1}},
		"an object":                         {`{"Data":{"message":{"v":1}}}`, hostwire.Message{Body: []byte(`{"v":1}`)}},
		"metadata of a surprising kind":     {`{"Data":{"message":"e30="},"Metadata":{"Id":{"a":1},"DequeueCount":[1]}}`, hostwire.Message{Body: []byte(`{}`)}},
		"a count that is negative":          {`{"Data":{"message":"e30="},"Metadata":{"DequeueCount":"-1"}}`, hostwire.Message{Body: []byte(`{}`)}},
		"keys this package does not know":   {`{"Data":{"message":"e30=","x":1},"Metadata":{"y":"z"},"More":[]}`, hostwire.Message{Body: []byte(`{}`)}},
		"base64 with a stray bit is a text": {`{"Data":{"message":"e31="}}`, hostwire.Message{Body: []byte("e31=")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := hostwire.DecodeQueue(iotest.OneByteReader(strings.NewReader(row.body)), "message")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("Message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeTimer(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 9, 8, 9, 55, 0, 3_100_000, time.UTC)
	for name, row := range map[string]struct {
		body string
		want hostwire.Tick
	}{
		"monitored":          {`{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-09-08T09:55:00.0031+00:00","Next":"2026-09-08T12:00:00+02:00","LastUpdated":"2026-09-08T09:55:00.0031+00:00"},"IsPastDue":true}},"Metadata":{"sys":{}}}`, hostwire.Tick{Last: at, Next: time.Date(2026, 9, 8, 10, 0, 0, 0, time.UTC), PastDue: true}},
		"not monitored":      {`{"Data":{"timer":{"Schedule":{"AdjustForDST":false},"ScheduleStatus":null,"IsPastDue":false}}}`, hostwire.Tick{}},
		"never run":          {`{"Data":{"timer":{"ScheduleStatus":{"Last":"0001-01-01T00:00:00+00:00","Next":"2026-09-08T10:00:00Z"}}}}`, hostwire.Tick{Next: time.Date(2026, 9, 8, 10, 0, 0, 0, time.UTC)}},
		"dates without zone": {`{"Data":{"timer":{"ScheduleStatus":{"Last":"2026-09-08T09:55:00.0031","Next":""}}}}`, hostwire.Tick{Last: at}},
		"as text":            {`{"Data":{"timer":"{\"IsPastDue\":true}"}}`, hostwire.Tick{PastDue: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := hostwire.DecodeTimer(strings.NewReader(row.body), "timer")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("Tick (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection cut")
	for name, row := range map[string]struct {
		body io.Reader
		want error
	}{
		"nothing":            {strings.NewReader(""), hostwire.ErrMalformed},
		"no JSON":            {strings.NewReader("hello"), hostwire.ErrMalformed},
		"an array":           {strings.NewReader(`[]`), hostwire.ErrMalformed},
		"data is a string":   {strings.NewReader(`{"Data":"x"}`), hostwire.ErrMalformed},
		"two documents":      {strings.NewReader(`{"Data":{}}{}`), hostwire.ErrMalformed},
		"no binding":         {strings.NewReader(`{"Data":{"other":"e30="}}`), hostwire.ErrNoBinding},
		"null":               {strings.NewReader(`null`), hostwire.ErrNoBinding},
		"too large":          {io.LimitReader(zeros{}, hostwire.Limit+1), hostwire.ErrTooLarge},
		"cut off on the way": {iotest.ErrReader(broken), broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := hostwire.DecodeQueue(row.body, "message"); !errors.Is(err, row.want) {
				t.Errorf("error = %v, want %v", err, row.want)
			}
		})
	}
	for _, body := range []string{`{"Data":{"timer":null}}`, `{"Data":{"timer":[1]}}`, `{"Data":{"timer":"no json"}}`} {
		if _, err := hostwire.DecodeTimer(strings.NewReader(body), "timer"); !errors.Is(err, hostwire.ErrMalformed) {
			t.Errorf("timer %s: error = %v, want %v", body, err, hostwire.ErrMalformed)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestErrorsDoNotRepeatTheBody(t *testing.T) {
	t.Parallel()
	_, err := hostwire.DecodeQueue(strings.NewReader(`{"Data":{"message":"`+"\x01"+`top-secret"`), "message")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error = %v", err)
	}
}

// TestPublishedEnvelopes reads what Microsoft and others have published.
func TestPublishedEnvelopes(t *testing.T) {
	t.Parallel()
	const dir = "../../../shared/fixtures/published/functions-host/"
	open := func(name string) *os.File {
		f, err := os.Open(dir + name)
		if err != nil {
			t.Skip("published payloads are not here: ", err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	m, err := hostwire.DecodeQueue(open("request_queue_documented.json"), "myQueueItem")
	want := hostwire.Message{Body: []byte(`{ message: "Message sent" }`), ID: "800ae4b3-bdd2-4c08-badd-f08e5a34b865", DequeueCount: 1}
	if diff := cmp.Diff(want, m); err != nil || diff != "" {
		t.Errorf("queue: %v (-want +got):\n%s", err, diff)
	}
	tick, err := hostwire.DecodeTimer(open("request_timer_thirdparty.json"), "timer")
	if err != nil || tick.PastDue || !tick.Last.Equal(time.Date(2023, 10, 12, 20, 13, 49, 640_002_000, time.UTC)) {
		t.Errorf("timer: %+v, %v", tick, err)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	ok := httptest.NewRecorder()
	hostwire.Succeed(ok)
	if ok.Code != http.StatusOK || ok.Body.String() != "{}" || ok.Header().Get("Content-Type") != "application/json" {
		t.Errorf("Succeed: %d %q %v", ok.Code, ok.Body, ok.Header())
	}
	bad := httptest.NewRecorder()
	hostwire.Fail(bad, http.StatusInternalServerError, `a "quoted" fault`, "mend it")
	var got struct{ Error, Fix string }
	if err := json.Unmarshal(bad.Body.Bytes(), &got); err != nil || bad.Code != http.StatusInternalServerError || got.Error != `a "quoted" fault` || got.Fix != "mend it" {
		t.Errorf("Fail: %d %q, %v", bad.Code, bad.Body, err)
	}
}
